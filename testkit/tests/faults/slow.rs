//! Peers that say nothing, little by little, or too much.

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::Desk;
use crate::net::PATIENCE;
use crate::site::Site;
use crate::wire::{Answer, Call, hear};

const FORM: &str = "application/x-www-form-urlencoded";
/// How many of each kind come at once.
const CROWD: usize = 100;
/// By how much memory may grow meanwhile, in KiB: far less than what they send or announce.
const ROOM: u64 = 24 * 1024;

/// Opens a connection and sends what is no whole request.
async fn begin(site: &Site, part: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.address).await.expect("it listens");
    stream.write_all(part.as_bytes()).await.expect("it listens");
    stream
}

/// What it hears before the other end closes.
async fn end(mut stream: TcpStream) -> Vec<u8> {
    let heard = timeout(PATIENCE, hear(&mut stream)).await;
    heard.expect("nobody waits for ever")
}

/// What is too much, and how it is refused.
fn oversized() -> Vec<(Call, &'static [u16])> {
    let long = "x".repeat(1024 * 1024);
    let deep = "[".repeat(60 * 1024);
    let jwt = format!("a.{}.b", "x".repeat(20 * 1024));
    vec![
        (
            Call::post("/oauth/token").body(FORM, format!("a={long}")),
            &[413],
        ),
        (Call::post("/oauth/register").json(&long), &[413]),
        (
            Call::post("/oauth/register").json(&format!("{{\"a\":{deep}")),
            &[400],
        ),
        (
            Call::get("/jwks.json").header("X", "x".repeat(64 * 1024)),
            &[431],
        ),
        (
            (0..300).fold(Call::get("/jwks.json"), |call, n| {
                call.header(&format!("X-{n}"), "x")
            }),
            &[431],
        ),
        (
            Call::get(format!("/jwks.json?{}", "x".repeat(64 * 1024))),
            &[414, 431],
        ),
        (Call::get("/oauth/userinfo").bearer(&jwt), &[400, 401]),
        (
            Call::post("/oauth/token").body(
                FORM,
                format!("grant_type=client_credentials&client_assertion={jwt}"),
            ),
            &[400, 401],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_more_than_their_share() {
    let site = Site::sqlite();
    site.furnish().await;
    let server = site.start().await;
    let desk = Desk::open(&site).await;
    desk.tokens().await;
    let before = server.memory();

    let head = "POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let body = format!("{head}Content-Type: {FORM}\r\nContent-Length: 60000\r\n\r\ngrant_type=");
    let mut slow = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..CROWD {
        for (some, part) in slow.iter_mut().zip(["", head, &body]) {
            some.push(begin(&site, part).await);
        }
    }
    for (call, statuses) in oversized() {
        for _ in 0..CROWD / 10 {
            let asked = (0..10).map(|_| desk.send(&call));
            for answer in join_all(asked).await {
                // Whoever goes on talking after the answer may not hear it.
                let Some(answer) = answer else { continue };
                assert!(statuses.contains(&answer.status), "{answer:?}");
            }
        }
        let alone = desk.ask(call).await;
        assert!(statuses.contains(&alone.status), "{alone:?}");
    }
    desk.tokens().await;
    let after = server.memory();
    assert!(after < before + ROOM, "from {before} to {after} KiB");

    let [silent, headless, bodiless] = slow;
    for stream in silent.into_iter().chain(headless) {
        let heard = end(stream).await;
        let refused = heard.is_empty() || Answer::read(&heard).status == 408;
        assert!(refused, "{}", heard.escape_ascii());
    }
    for stream in bodiless {
        let heard = end(stream).await;
        assert_eq!(Answer::read(&heard).status, 408);
    }
    desk.tokens().await;
    server.end().await;
    let log = site.log();
    assert!(!log.contains("panicked"), "{log}");
}
