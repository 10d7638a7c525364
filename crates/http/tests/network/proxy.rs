//! proxies: the environment's, and one that is named.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::{Seen, Server, answer, read};
use crate::tls::Authority;
use gatepass_http::{Egress, HttpTransport, SetupError, Transport};
use http::Request;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// A proxy that lets everybody through to one server, whatever they ask for, and counts.
struct Proxy {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    async fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap().to_string(),
            seen: Arc::default(),
        };
        let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
        let seen = proxy.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, port, seen.clone()));
            }
        });
        proxy
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn tunnel(mut stream: TcpStream, port: u16, seen: Arc<Mutex<Vec<Seen>>>) -> Option<()> {
    let request = read(&mut stream).await?;
    let connect = request.method == "CONNECT";
    seen.lock().unwrap().push(request);
    if !connect {
        let no = b"HTTP/1.1 405 X\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(no).await.ok();
    }
    stream.write_all(b"HTTP/1.1 200 X\r\n\r\n").await.ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    tokio::io::copy_bidirectional(&mut stream, &mut server)
        .await
        .ok()?;
    Some(())
}

/// The server behind the proxy: api.example.
async fn api(authority: &Authority) -> Server {
    Server::start_tls(authority.server("api.example"), |_| answer(200, &[], "{}")).await
}

fn egress(ca: &str) -> Egress {
    Egress {
        extra_roots: vec![ca.as_bytes().to_vec()],
        connect_timeout: Duration::from_secs(2),
        ..Egress::default()
    }
}

async fn get(transport: &dyn Transport, url: &str) -> Result<u16, String> {
    let request = Request::get(url).body(Vec::new()).unwrap();
    let outcome = transport.send(request).await;
    outcome
        .map(|response| response.status().as_u16())
        .map_err(|error| error.reason)
}

/// What a child is told, and the test that it runs.
const URL: &str = "GATEPASS_TEST_URL";
const CA: &str = "GATEPASS_TEST_CA";
const CHILD: &str = "proxy::the_environment_is_obeyed";

/// Asks for `url` in a process of its own with this environment and no other proxy.
async fn child(authority: &Authority, url: &str, environment: &[(&str, &str)]) -> String {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", CHILD, "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
        .env(URL, url)
        .env(CA, &authority.pem)
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("child: "));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn the_environment_is_obeyed() {
    if let Ok(url) = std::env::var(URL) {
        let transport = HttpTransport::new(egress(&std::env::var(CA).unwrap())).unwrap();
        let named = transport.named_by(&[]);
        let outcomes = (get(&transport, &url).await, get(&named, &url).await);
        println!("\nchild: {outcomes:?}");
        return;
    }
    let authority = Authority::new();
    let server = api(&authority).await;
    let proxy = Proxy::before(&server).await;
    let by = format!("http://{}", proxy.address);
    let url = "https://api.example/x";

    let outcome = child(&authority, url, &[("HTTPS_PROXY", &by)]).await;
    assert_eq!(outcome, "(Ok(200), Ok(200))");
    let outcome = child(&authority, url, &[("all_proxy", &by)]).await;
    assert_eq!(outcome, "(Ok(200), Ok(200))");
    let seen = proxy.seen();
    assert!(seen.iter().all(|seen| seen.target == "api.example:443"));
    assert_eq!((seen.len(), server.seen().len()), (4, 4));

    // Nobody is at these addresses: what goes past the proxy fails.
    let past = [("HTTPS_PROXY", &*by), ("NO_PROXY", "192.0.2.0/24")];
    let outcome = child(&authority, "https://192.0.2.1/", &past).await;
    assert!(outcome.starts_with("(Err("), "{outcome}");
    let outcome = child(&authority, url, &[("HTTP_PROXY", &by), ("NO_PROXY", "*")]).await;
    assert!(outcome.starts_with("(Err("), "{outcome}");

    // This machine is never asked by way of a proxy.
    let local = Server::start(|_| answer(200, &[], "{}")).await;
    let all = [
        ("HTTP_PROXY", &*by),
        ("HTTPS_PROXY", &by),
        ("ALL_PROXY", &by),
    ];
    for host in ["localhost", "127.0.0.1"] {
        let url = local.url.replace("localhost", host);
        let outcome = child(&authority, &url, &all).await;
        assert!(outcome.starts_with("(Ok(200), Err("), "{outcome}");
    }
    assert_eq!((proxy.seen().len(), local.seen().len()), (4, 2));
}

#[tokio::test]
async fn a_named_proxy_is_obeyed_and_its_password_stays_there() {
    let authority = Authority::new();
    let server = api(&authority).await;
    let proxy = Proxy::before(&server).await;
    let egress = Egress {
        proxy: Some(
            format!("http://carrier:hunt%40er2@{}", proxy.address)
                .parse()
                .unwrap(),
        ),
        environment_proxy: false,
        ..egress(&authority.pem)
    };
    let seen = format!("{egress:?} {:?}", HttpTransport::new(egress.clone()));
    assert!(seen.contains(&proxy.address), "{seen}");
    assert!(
        !seen.contains("hunt") && !seen.contains("carrier"),
        "{seen}"
    );

    let transport = HttpTransport::new(egress).unwrap();
    let url = "https://api.example/x";
    assert_eq!(get(&transport, url).await, Ok(200));
    assert_eq!(get(&transport.named_by(&[]), url).await, Ok(200));
    for request in proxy.seen() {
        assert_eq!(request.target, "api.example:443");
        let authorization = request.header("proxy-authorization");
        assert_eq!(authorization, Some("Basic Y2FycmllcjpodW50QGVyMg=="));
    }
    for request in server.seen() {
        assert_eq!(request.header("proxy-authorization"), None);
        let sent = format!("{:?}", request.headers);
        assert!(!sent.contains("Y2Fycmllcjp"), "{sent}");
    }
    let counts = (proxy.seen().len(), server.seen().len());

    // A proxy is no way round the rules for what a server names, and this machine needs none.
    let named = transport.named_by(&[]);
    let reason = get(&named, "https://10.0.0.1/").await.unwrap_err();
    assert!(reason.contains("which is private"), "{reason}");
    let local = Server::start(|_| answer(200, &[], "{}")).await;
    assert_eq!(get(&transport, &local.url).await, Ok(200));
    assert_eq!((proxy.seen().len(), server.seen().len()), counts);
}

#[tokio::test]
async fn a_proxy_that_is_none() {
    for url in ["socks5://127.0.0.1:1", "ftp://proxy.example", "data:,x"] {
        let egress = Egress {
            proxy: Some(url.parse().unwrap()),
            ..Egress::default()
        };
        assert_eq!(HttpTransport::new(egress).unwrap_err(), SetupError::Proxy);
    }
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let egress = Egress {
        proxy: Some(format!("http://me:hunter2@{address}").parse().unwrap()),
        environment_proxy: false,
        ..Egress::default()
    };
    let transport = HttpTransport::new(egress).unwrap();
    let reason = get(&transport, "https://api.example/").await.unwrap_err();
    assert!(reason.contains("cannot connect"), "{reason}");
    assert!(!reason.contains("hunter2"), "{reason}");
}
