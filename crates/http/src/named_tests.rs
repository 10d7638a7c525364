use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reqwest::dns::Resolve as _;
use url::Url;

use crate::pools::{Pools, Reach};
use crate::resolver::{Names, PublicOnly};
use crate::{Egress, HttpTransport, Transport as _};

/// Names that lead where the test says: to each list of addresses in turn, and then to the last for ever.
struct Told {
    turns: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Told {
    fn new(turns: &[&[&str]]) -> Arc<Self> {
        let read = |turn: &&[&str]| turn.iter().map(|text| text.parse().expect(text)).collect();
        Arc::new(Self {
            turns: Mutex::new(turns.iter().rev().map(read).collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Names for Told {
    async fn addresses(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut turns = self.turns.lock().expect("not poisoned");
        let last = turns.last().cloned().unwrap_or_default();
        if turns.len() > 1 {
            turns.pop();
        }
        Ok(last.into_iter().map(|ip| (ip, 0).into()).collect())
    }
}

fn url(text: &str) -> Url {
    text.parse().expect(text)
}

fn transport(egress: Egress) -> HttpTransport {
    HttpTransport::new(egress).expect("rules that can be kept")
}

async fn given_out(names: &PublicOnly) -> Result<Vec<String>, String> {
    let name = "as.example".parse().expect("a name");
    let addresses = names
        .resolve(name)
        .await
        .map_err(|error| error.to_string())?;
    Ok(addresses.map(|address| address.ip().to_string()).collect())
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    listener.set_nonblocking(true).expect("a socket");
    let names = Told::new(&[&["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"]]);
    let egress = Egress {
        environment_proxy: false,
        ..Egress::default()
    };
    let pools = Pools::with_names(egress, names.clone()).expect("rules that can be kept");
    let transport = HttpTransport {
        pools: Arc::new(pools),
    };
    let request = http::Request::get(format!("https://as.example:{port}/keys?secret=1"))
        .body(Vec::new())
        .expect("a request");
    let outcome = transport
        .named_by(&[url("https://other.example")])
        .send(request)
        .await;
    let reason = outcome.expect_err("refused").reason;
    assert!(
        reason.contains("leads to private addresses only"),
        "{reason}"
    );
    assert!(reason.contains("--allow-private-hosts"), "{reason}");
    assert!(!reason.contains("secret"), "{reason}");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    let nobody = listener.accept().expect_err("nobody has connected");
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn only_public_addresses_are_given_out_however_often_the_answer_changes() {
    let names = PublicOnly(Told::new(&[
        &["10.0.0.1", "8.8.8.8", "fd00::1", "2606:4700:4700::1111"],
        &["127.0.0.1"],
        &["8.8.4.4"],
        &[],
    ]));
    assert_eq!(
        given_out(&names).await,
        Ok(vec!["8.8.8.8".into(), "2606:4700:4700::1111".into()])
    );
    assert!(given_out(&names).await.is_err(), "it now leads elsewhere");
    assert_eq!(given_out(&names).await, Ok(vec!["8.8.4.4".into()]));
    assert!(given_out(&names).await.is_err());
}

#[test]
fn trust_goes_by_the_host() {
    let reach = |trusted: &[&str], to: &str| {
        let trusted: Vec<Url> = trusted.iter().map(|text| url(text)).collect();
        let named = transport(Egress::default()).named_by(&trusted);
        named.reach(&url(to)) == Reach::Anywhere
    };
    for (trusted, to, anywhere) in [
        (
            &["https://as.example/x"][..],
            "https://as.example:8443/keys",
            true,
        ),
        (&["https://as.example"], "https://AS.example/", true),
        (&["https://as.example"], "https://as.example./", false),
        (&["https://as.example"], "https://a.as.example/", false),
        (&["https://as.example"], "https://10.0.0.1/", false),
        (&["https://8.8.8.8"], "https://10.0.0.1/", false),
        (
            &["https://a.example", "https://b.example"],
            "https://b.example/",
            true,
        ),
        (&["https://localhost:1"], "https://10.0.0.1/", true),
        (&["https://as.localhost"], "https://10.0.0.1/", true),
        (&["https://192.168.1.2"], "https://intranet.example/", true),
        (&["https://[::1]"], "https://127.0.0.1/", true),
        (&[], "https://localhost/", false),
        (&[], "https://as.example/", false),
    ] {
        assert_eq!(reach(trusted, to), anywhere, "{trusted:?} {to}");
    }
    let open = Egress {
        allow_private_hosts: true,
        ..Egress::default()
    };
    let open = transport(open).named_by(&[]);
    assert!(open.reach(&url("https://10.0.0.1/")) == Reach::Anywhere);
}

#[test]
fn what_only_a_server_named_is_looked_at_before_somebody_else_goes_there() {
    let admitted = |trusted: &str, to: &str| {
        let named = transport(Egress::default()).named_by(&[url(trusted)]);
        named.admit(&url(to)).map_err(|error| error.reason)
    };
    for (trusted, to) in [
        ("https://api.example", "https://as.example/authorize"),
        ("https://localhost:1", "http://127.0.0.1:2/authorize"),
        ("https://10.0.0.1", "https://10.0.0.2/authorize"),
        ("https://api.example", "https://api.example:8443/"),
    ] {
        assert_eq!(admitted(trusted, to), Ok(()), "{trusted} {to}");
    }
    for (to, reason) in [
        (
            "https://localhost/authorize?secret=1",
            "allow-private-hosts",
        ),
        ("http://127.0.0.1:8080/", "allow-private-hosts"),
        ("https://169.254.169.254/latest", "allow-private-hosts"),
        ("https://[::1]/", "allow-private-hosts"),
        ("http://as.example/", "plain http"),
        ("ftp://as.example/", "only https"),
        ("https://me:secret@as.example/", "user name"),
    ] {
        let refused = admitted("https://api.example", to).expect_err(to);
        assert!(refused.contains(reason), "{to}: {refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
}
