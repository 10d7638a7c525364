//! An authorization server behind its front, and the client that it knows.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_client::tokens::StoredToken;
use gatepass_client::{Profile, Secret};
use gatepass_http::{Clock as _, Egress, HttpTransport, SystemClock, Transport as _};
use gatepass_proto::Params;
use gatepass_server::{Config, DevSet, Server};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::desk::Desk;
use crate::front::{Back, Closed, Front};
use crate::home::Home;
use crate::wire::Seen;

/// The server; it ends with the test's runtime.
pub(crate) struct Authority {
    pub(crate) front: Front,
    /// Where its API takes its tokens.
    api: &'static str,
    lines: String,
    first: First,
    _folder: Option<TempDir>,
}

/// The tokens of a login.
pub(crate) struct First {
    access: String,
    refresh: String,
}

impl Authority {
    /// Our own server, with this grace.
    pub(crate) async fn ours(grace: Duration) -> Self {
        let door = Closed::reserve();
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("gatepass.db");
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Config::new(loopback, database.display().to_string());
        config.dev = true;
        config.issuer = Some(door.origin.clone());
        config.lifetimes.refresh_grace = grace;
        let server = Server::bind(&config).await.expect("it starts");
        let set = server.dev_set().expect("with dev").clone();
        let relay = Relay(server.address());
        tokio::spawn(server.run(std::future::pending()));
        let front = door.open(relay);
        let secret = folder.path().join("secret");
        std::fs::write(&secret, &set.client_secret).expect("written");
        let (origin, id, secret) = (&front.origin, &set.client_id, secret.display());
        let lines = format!(
            "method = \"oauth\"\napi = [\"{origin}\"]\nissuer = \"{origin}\"\nclient_id = \"{id}\"\n\
             client_secret = {{ file = \"{secret}\" }}\n"
        );
        Self {
            first: log_in(&front.origin, &set).await,
            api: "/api/data",
            lines,
            front,
            _folder: Some(folder),
        }
    }

    /// A small one that counts.
    pub(crate) fn small(desk: &Desk) -> Self {
        Self::at(Closed::reserve(), desk)
    }

    /// The same at this port.
    pub(crate) fn at(door: Closed, desk: &Desk) -> Self {
        let front = door.open(desk.clone());
        Self {
            api: "/api",
            lines: lines_at(&front.origin),
            front,
            first: First::of_desk(),
            _folder: None,
        }
    }

    /// A profile of its client, for whom a person has logged in. More lines may say more.
    pub(crate) fn profile(&self, home: &Home, name: &str, more: &str) -> Profile {
        home.add(name, &format!("{}{more}", self.lines))
    }

    /// The same, with the token of that login, which lives so many seconds more of its hour.
    pub(crate) async fn seed(&self, home: &Home, name: &str, left: i64) {
        let profile = self.profile(home, name, "");
        home.keep(name, &self.first.token(&profile, left)).await;
    }

    /// The token of the login.
    pub(crate) fn token(&self, profile: &Profile, left: i64) -> StoredToken {
        self.first.token(profile, left)
    }

    /// Whether the API takes this token.
    pub(crate) async fn takes(&self, token: &str) -> bool {
        let request = Request::get(format!("{}{}", self.front.origin, self.api))
            .header(AUTHORIZATION, format!("Bearer {token}"));
        let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
        let answer = transport.send(request.body(Vec::new()).expect("a request"));
        answer.await.expect("an answer").status() == 200
    }
}

/// The lines of a profile at a desk of this origin.
pub(crate) fn lines_at(origin: &str) -> String {
    format!(
        "method = \"oauth\"\napi = [\"{origin}\"]\nclient_id = \"cl\"\ntoken_endpoint = \"{origin}/token\"\n"
    )
}

impl First {
    /// What a desk takes first.
    pub(crate) fn of_desk() -> Self {
        Self {
            access: "access-1".to_owned(),
            refresh: "refresh-1".to_owned(),
        }
    }

    /// As it is kept; it lives so many seconds more of its hour.
    pub(crate) fn token(&self, profile: &Profile, left: i64) -> StoredToken {
        let (now, span) = (SystemClock.now(), Duration::from_secs(left.unsigned_abs()));
        let end = if left < 0 { now - span } else { now + span };
        let binding = profile.credential.binding();
        let access = Secret::new(self.access.as_str());
        let mut token = StoredToken::new(access, end - Duration::from_secs(3600), binding);
        token.expires_at = Some(end);
        token.refresh_token = Some(Secret::new(self.refresh.as_str()));
        token
    }
}

/// What the password of the ready-made user brings: tokens like those of a login by the browser.
async fn log_in(origin: &str, set: &DevSet) -> First {
    let basic = STANDARD.encode(format!("{}:{}", set.client_id, set.client_secret));
    let mut form = Params::new();
    form.push("grant_type", "password");
    form.push("username", set.user.as_str());
    form.push("password", set.password.as_str());
    let request = Request::post(format!("{origin}/oauth/token"))
        .header(AUTHORIZATION, format!("Basic {basic}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.to_form().into_bytes());
    let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
    let answer = transport.send(request.expect("a request")).await;
    let answer = answer.expect("an answer");
    let said: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let text = |name: &str| {
        let text = said.get(name).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{name} in {}", answer.status()))
            .to_owned()
    };
    First {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

/// Passes requests on, and their answers back, each on a connection of its own.
struct Relay(SocketAddr);

#[async_trait]
impl Back for Relay {
    async fn answer(&self, seen: &Seen) -> Option<Vec<u8>> {
        let mut head = format!("{} {} HTTP/1.1\r\n", seen.method, seen.target);
        for (name, value) in &seen.headers {
            if !name.eq_ignore_ascii_case("connection") {
                write!(head, "{name}: {value}\r\n").ok()?;
            }
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(self.0).await.ok()?;
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&seen.body).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        Some(answer)
    }
}
