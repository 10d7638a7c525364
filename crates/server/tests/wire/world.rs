//! A real server on real sockets, and what its clients do with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock, SystemClock};
use gatepass_server::{Admin, Config, DevSet, Server, StartError};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::browser::Browser;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};

/// A redirect URI of both ready-made clients.
pub(crate) const CALLBACK: &str = "http://localhost:8000/callback";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A running server, and the folder with its database.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: String,
    /// Where clients find it that show a certificate.
    pub(crate) mtls: Option<String>,
    pub(crate) config: Config,
    dev: Option<DevSet>,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

/// A pair of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl World {
    /// A server with the ready-made set.
    pub(crate) async fn dev() -> Self {
        Self::dev_with(|_| ()).await
    }

    pub(crate) async fn dev_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(|config| {
            config.dev = true;
            change(config);
        })
        .await
    }

    /// A server as an operator gets it.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path());
        change(&mut config);
        Self::start(folder, config).await.expect("it starts")
    }

    /// A server over a folder that may have been used before.
    pub(crate) async fn start(folder: TempDir, config: Config) -> Result<Self, StartError> {
        Self::start_at(folder, config, Arc::new(SystemClock)).await
    }

    /// The same by another clock than the system's.
    pub(crate) async fn start_at(
        folder: TempDir,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let server = Server::bind_at(&config, clock).await?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            address: server.address(),
            issuer: server.issuer().to_owned(),
            mtls: server.mtls().map(str::to_owned),
            config,
            dev: server.dev_set().cloned(),
            folder,
            stop,
            running: tokio::spawn(server.run(async {
                let _ = stopped.await;
            })),
        })
    }

    /// Stops it and waits for the end; the folder and the configuration are left.
    pub(crate) async fn stop(self) -> (TempDir, Config) {
        let (running, folder, config) = self.tell_to_stop();
        let ended = tokio::time::timeout(Duration::from_secs(20), running).await;
        ended
            .expect("it ends in time")
            .expect("no panic")
            .expect("no error");
        (folder, config)
    }

    /// Tells it to stop, without waiting.
    pub(crate) fn tell_to_stop(self) -> (JoinHandle<std::io::Result<()>>, TempDir, Config) {
        let _ = self.stop.send(());
        (self.running, self.folder, self.config)
    }

    /// Changes the same database, as `gatepass admin` does.
    pub(crate) async fn admin(&self) -> Admin {
        Admin::open(&self.config.database)
            .await
            .expect("the database")
    }

    pub(crate) fn set(&self) -> &DevSet {
        self.dev.as_ref().expect("started with dev")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        call.send(self.address).await
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A good authorization request of the confidential client, without PKCE.
    pub(crate) fn request(&self) -> Pairs {
        Pairs::of(&[
            ("response_type", "code"),
            ("client_id", &self.set().client_id),
            ("redirect_uri", CALLBACK),
            ("state", "s1"),
        ])
    }

    /// A good authorization request of the public client.
    pub(crate) fn public_request(&self) -> Pairs {
        self.request().with_all(&[
            ("client_id", &self.set().public_client_id),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }

    /// A browser in which the user has logged in.
    pub(crate) async fn logged_in(&self) -> Browser {
        let mut browser = self.browser();
        let set = self.set();
        let page = browser
            .log_in(&authorize(&self.request()), &set.user, &set.password)
            .await;
        assert_eq!(page.status, 200, "{page:?}");
        browser
    }

    /// A code for `request`, to which the user says yes.
    pub(crate) async fn code(&self, request: &Pairs) -> String {
        let mut browser = self.logged_in().await;
        let answer = browser.decide(&authorize(request), "allow").await;
        let back = answer.location();
        assert_eq!(back.get("iss"), Some(self.issuer.as_str()));
        back.get("code").expect("a code").to_owned()
    }

    /// A token request of the confidential client with HTTP Basic.
    pub(crate) async fn token(&self, pairs: &[(&str, &str)]) -> Answer {
        self.send(self.token_call(pairs)).await
    }

    pub(crate) fn token_call(&self, pairs: &[(&str, &str)]) -> Call {
        Call::post("/oauth/token")
            .basic(&self.set().client_id, &self.set().client_secret)
            .form(&Pairs::of(pairs))
    }

    /// Redeems a code as the confidential client.
    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        self.token(&redemption(code)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    /// The confidential client's tokens by the code grant.
    pub(crate) async fn tokens(&self) -> Tokens {
        let code = self.code(&self.request()).await;
        Tokens::of(&self.redeem(&code).await)
    }

    /// A post of the confidential client to `path` with a `token`.
    pub(crate) async fn about(&self, path: &str, token: &str) -> Answer {
        let set = self.set();
        self.send(
            Call::post(path)
                .basic(&set.client_id, &set.client_secret)
                .form(&Pairs::of(&[("token", token)])),
        )
        .await
    }

    pub(crate) async fn introspect(&self, token: &str) -> Value {
        let answer = self.about("/oauth/introspect", token).await;
        answer.good().json()
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let said = self.introspect(token).await;
        let active = said.get("active").and_then(Value::as_bool);
        let active = active.expect("active is there");
        if !active {
            assert_eq!(said, serde_json::json!({ "active": false }));
        }
        active
    }

    pub(crate) async fn data(&self, token: &str) -> Answer {
        self.send(Call::get("/api/data").bearer(token)).await
    }

    /// Asserts that an access token is good everywhere.
    pub(crate) async fn lives(&self, token: &str) {
        assert!(self.is_active(token).await);
        self.data(token).await.good();
    }

    /// Asserts that an access token is good nowhere.
    pub(crate) async fn is_dead(&self, token: &str) {
        assert!(!self.is_active(token).await);
        let answer = self.data(token).await;
        answer.refused(401, "invalid_token");
        let challenges = answer.all("www-authenticate");
        let bearer = challenges.iter().find(|own| own.starts_with("Bearer "));
        assert!(bearer.is_some_and(|own| own.contains("invalid_token")));
    }
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        answer.good();
        Self {
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        }
    }
}

/// The parameters that redeem a code.
pub(crate) fn redemption(code: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ]
}

/// The authorization endpoint with a query.
pub(crate) fn authorize(query: &Pairs) -> String {
    format!("/oauth/authorize?{}", query.form())
}

/// A configuration whose database is in `folder`, on any port.
pub(crate) fn config(folder: &Path) -> Config {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Config::new(address, database(folder).display().to_string())
}

pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("gatepass.db")
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
