//! Peers that send too much, or nothing.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::{Answer, Call, exchange, hear};
use crate::world::World;

#[tokio::test]
async fn large_headers_are_refused() {
    let world = World::dev().await;
    let one = Call::get("/jwks.json").header("X", "a".repeat(40_000));
    let many = (0..200).fold(Call::get("/jwks.json"), |call, n| {
        call.header(&format!("X-{n}"), "a")
    });
    let target = Call::get(format!("/jwks.json?{}", "a".repeat(40_000)));
    for call in [one, many, target] {
        let status = world.send(call).await.status;
        assert!([400, 414, 431].contains(&status), "{status}");
    }
    assert_eq!(world.send(Call::get("/jwks.json")).await.status, 200);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let world = World::dev().await;
    for bytes in [
        &b"\r\n\r\n\r\nx"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n",
    ] {
        let heard = exchange(world.address, bytes).await;
        let status = if heard.is_empty() {
            400
        } else {
            Answer::read(&heard).status
        };
        assert_eq!(status, 400, "{}", bytes.escape_ascii());
    }
    assert_eq!(world.send(Call::get("/jwks.json")).await.status, 200);
}

/// A body that is announced in pieces is bounded like any other.
#[tokio::test]
async fn chunks_are_counted_too() {
    let world = World::dev().await;
    let set = world.set();
    let head = Call::post("/oauth/token")
        .basic(&set.client_id, &set.client_secret)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Transfer-Encoding", "chunked")
        .bytes();
    let head = String::from_utf8(head).expect("ASCII");
    let head = head.replace("Content-Length: 0\r\n", "");
    let mut stream = TcpStream::connect(world.address).await.expect("connects");
    stream.write_all(head.as_bytes()).await.expect("writes");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    for _ in 0..17 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let heard = hear(&mut stream).await;
    Answer::read(&heard).refused(413, "invalid_request");
    let good = "1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n";
    let heard = exchange(world.address, format!("{head}{good}").as_bytes()).await;
    Answer::read(&heard).good();
}
