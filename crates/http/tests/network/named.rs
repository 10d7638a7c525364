//! addresses that a server named.

use crate::server::{Server, answer};
use gatepass_http::{Egress, HttpTransport, NamedByServer, Transport as _};
use http::Request;

fn named_by(trusted: &[&str], allow_private_hosts: bool) -> NamedByServer {
    let trusted: Vec<_> = trusted.iter().map(|url| url.parse().unwrap()).collect();
    let egress = Egress {
        allow_private_hosts,
        environment_proxy: false,
        ..Egress::default()
    };
    HttpTransport::new(egress).unwrap().named_by(&trusted)
}

async fn get(transport: &NamedByServer, url: &str) -> Result<u16, String> {
    let request = Request::get(url).body(Vec::new()).unwrap();
    match transport.send(request).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(error.reason),
    }
}

#[tokio::test]
async fn a_public_server_sends_nobody_to_this_machine() {
    let server = Server::start(|_| answer(200, &[], "{}")).await;
    let port = server.url.rsplit(':').next().unwrap();
    let transport = named_by(&["https://as.example"], false);
    for host in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1]",
    ] {
        let reason = get(&transport, &format!("http://{host}:{port}/keys?q=hunter2"))
            .await
            .unwrap_err();
        assert!(
            reason.contains("which is private") && reason.contains("--allow-private-hosts"),
            "{reason}"
        );
        assert!(!reason.contains("hunter2"), "{reason}");
    }
    for host in [
        "a.localhost",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
    ] {
        let reason = get(&transport, &format!("https://{host}:{port}/"))
            .await
            .unwrap_err();
        assert!(reason.contains("which is private"), "{host}: {reason}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_private_server_and_the_operator_may_name_private_hosts() {
    let server = Server::start(|_| answer(200, &[], "{}")).await;
    for (trusted, allow) in [
        (&["http://localhost:1"][..], false),
        (&["https://10.0.0.1"], false),
        (&["https://as.example", "http://[::1]:1"], false),
        (&["https://as.example"], true),
        (&[], true),
    ] {
        let outcome = get(&named_by(trusted, allow), &server.url).await;
        assert_eq!(outcome, Ok(200), "{trusted:?} {allow}");
    }
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn the_other_rules_stay() {
    let transport = named_by(&[], true);
    let reason = get(&transport, "http://as.example/").await.unwrap_err();
    assert!(reason.contains("plain http"), "{reason}");
    let reason = get(&transport, "https://me:pw@localhost/")
        .await
        .unwrap_err();
    assert!(reason.contains("user name"), "{reason}");
}
