//! The life of a login, from registration to logout, as a table of cases tells it.

use anyhow::{Context as _, Result, ensure};
use gatepass_client::tokens::{Place, StoredToken, TokenKey};
use gatepass_client::{Credential, LoginWay, Session, TokenState};
use gatepass_http::{OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::agent::Agent;
use crate::home::Home;
use crate::page::Decision;
use crate::program::text;
use crate::server::Server;

/// A kind of client, its profile, and what it is for.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What it is registered as, beside the usual: `jwks: true` stands for a key of its own.
    pub(crate) client: Value,
    /// The lines of its profile, beside the usual.
    pub(crate) profile: &'static str,
    /// The path of a resource that takes its tokens.
    pub(crate) resource: &'static str,
}

/// A client that is registered, with a profile in a home of its own.
pub(crate) struct Desk {
    pub(crate) home: Home,
    pub(crate) session: Session,
    pub(crate) agent: Agent,
    /// What the server said when it was registered.
    pub(crate) client: Value,
    /// A URL that takes its tokens.
    pub(crate) url: String,
}

impl Case {
    pub(crate) fn new(
        name: &'static str,
        client: Value,
        profile: &'static str,
        resource: &'static str,
    ) -> Self {
        Self {
            name,
            client,
            profile,
            resource,
        }
    }

    /// Registers the client and writes its profile.
    pub(crate) async fn prepare(&self, server: &Server, decision: Decision) -> Result<Desk> {
        let home = Home::new()?;
        let mut lines = String::new();
        let client = match self.client.is_null() {
            true => Value::Null,
            false => self.register(server, &home, &mut lines).await?,
        };
        let origins = [Some(&server.issuer), server.certified.as_ref()];
        let origins: Vec<_> = origins.into_iter().flatten().collect();
        lines += &format!("method = \"oauth\"\nissuer = {:?}\n", server.issuer);
        lines += &format!("api = {origins:?}\n{}\n", self.own_lines(server));
        let key = format!("{{ file = {:?} }}", home.path("key.json"));
        let mut lines = lines.replace("{key}", &key);
        let mut ca = None;
        if let Some(path) = server.ca() {
            lines += &format!("ca = {path:?}\n");
            ca = Some(std::fs::read(path)?);
        }
        let profile = home.profile(&lines).with_context(|| lines.clone())?;
        // Who they are stands in no two cases, for the telephones are told apart by it.
        let account = text(&client, "client_id").unwrap_or_else(|_| "somebody".into());
        let account = account.replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let account = match self.profile.split_once("login_hint = \"") {
            Some((_, rest)) => rest.split('"').next().unwrap_or_default().to_owned(),
            None => account,
        };
        let agent = Agent::new(&server.issuer, ca.as_deref(), &account, decision)?;
        let certified = server
            .certified
            .as_ref()
            .filter(|_| lines.contains("certificate ="));
        Ok(Desk {
            session: Session::open(&profile, &home.paths())?,
            agent: agent.on_phone(self.profile.contains("\"ciba\"")),
            url: format!("{}{}", certified.unwrap_or(&server.issuer), self.resource),
            client,
            home,
        })
    }

    /// Its lines, with the files of a certificate where they name one.
    fn own_lines(&self, server: &Server) -> String {
        let Some(made) = &server.certificates else {
            return self.profile.to_owned();
        };
        let lines = |chain, key| format!("certificate = {chain:?}\ncertificate_key = {key:?}");
        self.profile
            .replace("{client}", &lines(&made.client, &made.client_key))
            .replace("{stranger}", &lines(&made.stranger, &made.stranger_key))
    }

    async fn register(&self, server: &Server, home: &Home, lines: &mut String) -> Result<Value> {
        let mut metadata = json!({
            "client_name": "interoperable",
            "redirect_uris": ["http://127.0.0.1/callback", "https://client.example.com/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": "openid profile email read write offline_access",
        });
        for (name, value) in self.client.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        if metadata["jwks"] == true {
            let key = SigningKey::generate("ES256", &mut now())?;
            metadata["jwks"] = json!({ "keys": [key.jwk()] });
            let private = key.to_private_jwk().context("a key that can be written")?;
            home.file("key.json", private.expose())?;
            if !self.profile.contains("{key}") {
                *lines += "client_key = {key}\n";
            }
        }
        let client = server.register(&metadata).await?;
        *lines += &format!("client_id = {:?}\n", text(&client, "client_id")?);
        let method = metadata["token_endpoint_auth_method"].as_str();
        if matches!(
            method,
            None | Some("client_secret_basic" | "client_secret_post" | "client_secret_jwt")
        ) {
            let path = home.file("secret", &text(&client, "client_secret")?)?;
            *lines += &format!("client_secret = {{ file = {path:?} }}\n");
        }
        if let Some(method) = method.filter(|method| method.starts_with("client_secret")) {
            *lines += &format!("client_auth = {method:?}\n");
        }
        Ok(client)
    }

    /// From registration to logout, partly in this program and partly by the real one.
    pub(crate) async fn live(&self, server: &Server) -> Result<()> {
        let desk = self.prepare(server, Decision::Allow).await?;
        desk.log_in(LoginWay::Auto).await?;
        let home = &desk.home;
        let told = home
            .run(&["status", "work", "--output", "json"])
            .await?
            .json()?;
        ensure!(told[0]["state"] == "valid", "status: {told}");

        let first = home.run(&["token", "work"]).await?.line()?;
        desk.is_let_in().await?;
        home.run(&["refresh", "work"]).await?.code(0)?;
        let second = home.run(&["token", "work"]).await?.line()?;
        ensure!(first != second, "a refresh gives another token");
        desk.is_let_in().await?;

        let told = home.run(&["logout", "work"]).await?.code(0)?;
        ensure!(told.stderr.contains("revoked at the server"), "{told:#?}");
        let status = server.status(self.resource, &second).await?;
        ensure!(status == 401, "a revoked token is refused, not {status}");
        let (state, code) = match desk.session.credential() {
            Credential::OAuth(oauth) if oauth.grant.needs_person() => ("login_needed", 4),
            _ => ("renewable", 0),
        };
        let told = home
            .run(&["status", "work", "--output", "json"])
            .await?
            .code(code)?;
        ensure!(told.stdout.contains(state), "expected {state}: {told:#?}");
        Ok(())
    }
}

impl Desk {
    /// Logs in, through the library.
    pub(crate) async fn log_in(&self, way: LoginWay) -> Result<()> {
        let options = self.agent.options(way);
        let outcome = self.session.login(&self.agent, &options).await;
        let stranded = || format!("login: {:?}", self.agent.stranded());
        let status = outcome.with_context(stranded)?;
        ensure!(status.state == TokenState::Valid, "{status:?}");
        Ok(())
    }

    /// The token that is kept.
    pub(crate) async fn token(&self) -> Result<StoredToken> {
        let tokens = Place::default().open(&self.home.paths())?;
        let kept = tokens.load(&key()?).await?;
        kept.context("no token is kept")
    }

    /// Puts a token in place of the one that is kept.
    pub(crate) async fn put_back(&self, token: &StoredToken) -> Result<()> {
        let tokens = Place::default().open(&self.home.paths())?;
        Ok(tokens.save(&key()?, token).await?)
    }

    /// The resource answers the program with what it knows of whoever asks.
    pub(crate) async fn is_let_in(&self) -> Result<()> {
        let told = self.home.run(&["get", &self.url]).await?.json()?;
        let known = |name: &str| told[name].is_string();
        ensure!(known("sub") || known("client_id"), "{told}");
        Ok(())
    }
}

/// Lives every case at once, for some have to wait, and names those that went wrong.
pub(crate) async fn live(server: Server, cases: Vec<Case>) -> Result<()> {
    let server = std::sync::Arc::new(server);
    let mut tasks = JoinSet::new();
    for case in cases {
        let server = server.clone();
        tasks.spawn(async move { (case.name, case.live(&server).await) });
    }
    verdict(tasks).await
}

/// Waits for all, and fails with the words of those that failed.
pub(crate) async fn verdict(mut tasks: JoinSet<(&'static str, Result<()>)>) -> Result<()> {
    let mut failures = Vec::new();
    let mut passed = 0;
    while let Some(outcome) = tasks.join_next().await {
        match outcome? {
            (_, Ok(())) => passed += 1,
            (name, Err(error)) => failures.push(format!("{name}: {error:#}")),
        }
    }
    ensure!(
        failures.is_empty() && passed > 0,
        "{passed} cases passed, these failed:\n{}",
        failures.join("\n")
    );
    Ok(())
}

fn key() -> Result<TokenKey> {
    TokenKey::new("work").context("a key")
}

fn now() -> Cx<'static> {
    // A key is made of randomness alone; the clock is asked because a context has one.
    let now = gatepass_http::Clock::now(&SystemClock);
    Cx::new(now, Box::leak(Box::new(OsEntropy)))
}
