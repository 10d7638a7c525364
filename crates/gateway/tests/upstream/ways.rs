//! Certificates that are shown to an upstream, and proxies on the way to it.

use std::net::SocketAddr;

use axum::Router;
use gatepass_gateway::{Upstream, UpstreamError, UpstreamSettings, Way};
use gatepass_proto::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::sealed::{Pair, trusting};
use crate::stage::{get, proxy, read, settings, told};

#[tokio::test]
async fn an_upstream_sees_the_certificate_that_it_wants() {
    let (own, other) = (Pair::of("client"), Pair::of("client"));
    let server = Pair::of("localhost");
    let address = server
        .serve(&[], Some(&own), Router::new().fallback(told))
        .await;
    let url = format!("https://localhost:{}", address.port());
    for (identity, status) in [(Some(&own), 200), (Some(&other), 502), (None, 502)] {
        let settings = UpstreamSettings {
            identity: identity.map(|pair| Secret::new(pair.pem())),
            ..trusting(server.pem().into_bytes())
        };
        assert_eq!(get(proxy(&url, settings).await, "/").await.status(), status);
    }
    let wrong = UpstreamSettings {
        identity: Some(Secret::new("neither")),
        ..settings()
    };
    let error = Upstream::new(&url.parse().expect("a URL"), wrong).expect_err("refused");
    assert_eq!(error, UpstreamError::Identity);
}

/// A proxy that makes tunnels to one server whatever it is asked for, and tells what that was.
async fn tunnels(server: SocketAddr) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (heads, told) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let heads = heads.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let _ = heads
                    .send(String::from_utf8_lossy(&head).into_owned())
                    .await;
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    (address, told)
}

#[tokio::test]
async fn a_proxy_on_the_way_makes_a_tunnel() {
    let server = Pair::of("api.gatepass.example");
    let address = server
        .serve(&["h2"], None, Router::new().fallback(told))
        .await;
    let (between, mut heads) = tunnels(address).await;
    let by_proxy = UpstreamSettings {
        way: Way::Proxy(format!("http://me:pw@{between}").parse().expect("a URL")),
        ..trusting(server.pem().into_bytes())
    };
    let proxy = proxy("https://api.gatepass.example", by_proxy).await;
    let (status, told) = read(get(proxy, "/x").await).await;
    assert_eq!(status, 200, "{told}");
    assert!(
        told.starts_with("GET https://api.gatepass.example/x HTTP/2.0\n"),
        "{told}"
    );
    let head = heads.recv().await.expect("asked");
    assert!(
        head.starts_with("CONNECT api.gatepass.example:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.to_ascii_lowercase()
            .contains("proxy-authorization: basic bwu6chc="),
        "{head}"
    );
}

#[tokio::test]
async fn this_machine_is_reached_past_any_proxy() {
    let server = Pair::of("localhost");
    let address = server.serve(&[], None, Router::new().fallback(told)).await;
    let (between, mut heads) = tunnels(address).await;
    let by_proxy = UpstreamSettings {
        way: Way::Proxy(format!("http://{between}").parse().expect("a URL")),
        ..trusting(server.pem().into_bytes())
    };
    let proxy = proxy(&format!("https://localhost:{}", address.port()), by_proxy).await;
    assert_eq!(get(proxy, "/").await.status(), 200);
    assert!(heads.try_recv().is_err());
    let wrong = UpstreamSettings {
        way: Way::Proxy("socks5://127.0.0.1:1".parse().expect("a URL")),
        ..settings()
    };
    let url = "https://api.gatepass.example".parse().expect("a URL");
    assert_eq!(Upstream::new(&url, wrong).err(), Some(UpstreamError::Proxy));
}
