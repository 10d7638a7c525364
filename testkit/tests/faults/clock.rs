//! A clock that jumps an hour ahead and back under a running server, by Debian's libfaketime.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{Cx, Scope};
use gatepass_server::{Admin, NewClient};
use serde_json::{Value, json};

use crate::desk::{self, Desk, Tokens, about, redemption, refresh};
use crate::pairs::Pairs;
use crate::server::Server;
use crate::site::{PERSON, Site};
use crate::wire::{Answer, Call};

const HOUR: i64 = 3600;

/// A server whose clock is ours to set.
struct World {
    site: Site,
    server: Server,
    desk: Desk,
}

impl World {
    async fn start() -> Self {
        let site = Site::sqlite();
        let clock = site.path("clock").display().to_string();
        let site = site
            .with("LD_PRELOAD", library().display().to_string())
            .with("FAKETIME_TIMESTAMP_FILE", clock)
            .with("FAKETIME_NO_CACHE", "1")
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with("NO_FAKE_STAT", "1");
        set(&site, 0);
        site.furnish().await;
        let server = site.start().await;
        let desk = Desk::open(&site).await;
        Self { site, server, desk }
    }

    /// Sets the clock to so many seconds ahead of ours, and asserts that the server goes by it.
    async fn jump(&self, ahead: i64) {
        set(&self.site, ahead);
        let token = self.desk.tokens().await.access;
        let off = issued_at(&token) - ahead - now();
        assert!(off.abs() < HOUR / 2, "{off}");
    }

    /// Asserts that it has stood all that.
    async fn end(self) {
        self.jump(0).await;
        let tokens = self.desk.tokens().await;
        Tokens::of(&self.desk.ask(refresh(&tokens.refresh)).await);
        self.server.end().await;
        let log = self.site.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

fn set(site: &Site, ahead: i64) {
    let draft = site.path("clock.new");
    fs::write(&draft, format!("{ahead:+}\n")).expect("written");
    fs::rename(draft, site.path("clock")).expect("renamed");
}

/// `iat` of a JWT.
fn issued_at(token: &str) -> i64 {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    let claims: Value = serde_json::from_slice(&payload).expect("JSON");
    claims["iat"].as_i64().expect("a number")
}

fn now() -> i64 {
    SystemClock.now().as_secs().cast_signed()
}

/// Where Debian keeps it.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.is_file())
        .expect("libfaketime is not in /usr/lib/*/faketime: run `cargo xtask setup`")
}

/// A client with a key, and an assertion of it that is good for most of an hour.
async fn assertion(site: &Site) -> Call {
    let mut entropy = OsEntropy;
    let mut cx = Cx::new(SystemClock.now(), &mut entropy);
    let key = SigningKey::generate("ES256", &mut cx).expect("a key");
    let scope: Scope = "read".parse().expect("a scope");
    let new = NewClient {
        client_id: None,
        client_name: "robot".to_owned(),
        public: false,
        redirect_uris: Vec::new(),
        grant_types: vec!["client_credentials".to_owned()],
        scope: scope.clone(),
        default_scope: scope,
        resources: Vec::new(),
        require_pkce: true,
        json_body: false,
        auth_method: Some("private_key_jwt".to_owned()),
        details: ClientDetails {
            jwks: Some(KeySet::of([key.jwk()]).to_json()),
            ..ClientDetails::default()
        },
    };
    let admin = Admin::open(&site.database.address()).await.expect("opens");
    let (client, _) = admin.add_client(new).await.expect("a client");
    let claims = json!({
        "iss": client.client_id, "sub": client.client_id, "aud": format!("http://{}", site.address),
        "iat": now(), "exp": now() + 3000, "jti": "once",
    });
    Call::post("/oauth/token").form(&Pairs::of(&[
        ("grant_type", "client_credentials"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        (
            "client_assertion",
            &key.sign("JWT", &claims).expect("signed"),
        ),
    ]))
}

/// A clock that is an hour ahead sweeps away what has ended by it. When it is right again, nothing that was used or
/// withdrawn before is good once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_used_stays_used() {
    let world = World::start().await;
    let desk = &world.desk;
    let assertion = assertion(&world.site).await;
    desk.ask(assertion.clone()).await.good();
    let code = desk.code().await.expect("a code");
    let tokens = Tokens::of(&desk.ask(redemption(&code)).await);
    let withdrawn = desk.tokens().await.access;
    desk.ask(about("/oauth/revoke", &withdrawn)).await.good();

    world.jump(HOUR).await;
    desk.ask(assertion.clone())
        .await
        .refused(401, "invalid_client");
    let unspent = desk.code().await.expect("a code");
    let store = gatepass_store::open(&world.site.database.address()).await;
    let store = store.expect("it opens");
    let wrong = SystemClock.now() + Duration::from_secs(HOUR.unsigned_abs());
    store.sweep(wrong, 1000).await.expect("it sweeps");
    store.close().await;

    world.jump(0).await;
    desk.ask(assertion).await.refused(401, "invalid_client");
    assert!(!desk.is_active(&withdrawn).await, "it stays withdrawn");
    for code in [&code, &unspent] {
        let answer = desk.ask(redemption(code)).await;
        answer.refused(400, "invalid_grant");
    }
    // What was begun and not ended has not suffered.
    Tokens::of(&desk.ask(refresh(&tokens.refresh)).await);
    world.end().await;
}

/// A code is over a minute after it was made, and does not begin again when the clock is set back behind that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_brought_to_life() {
    let world = World::start().await;
    let desk = &world.desk;
    let mut kept = desk.tokens().await;
    for from in [0, HOUR] {
        world.jump(from).await;
        let code = desk.code().await.expect("a code");
        world.jump(from - HOUR).await;
        let answer = desk.ask(redemption(&code)).await;
        answer.refused(400, "invalid_grant");
        world.jump(from + HOUR).await;
        let answer = desk.ask(redemption(&code)).await;
        answer.refused(400, "invalid_grant");
        kept = Tokens::of(&desk.ask(refresh(&kept.refresh)).await);
    }
    world.end().await;
}

/// How long the answer says to wait, in seconds; nothing where it does not.
fn wait(answer: &Answer) -> Option<u64> {
    let after = answer.header("retry-after")?;
    Some(after.parse().expect("whole seconds"))
}

/// Nobody is locked out for an hour because a clock was wrong, and nobody may guess without end either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_throttle_stays_sane() {
    let world = World::start().await;
    world.jump(HOUR).await;
    for _ in 0..10 {
        assert_eq!(desk::login(&world.site, "wrong").await.status, 403);
    }
    let answer = desk::login(&world.site, PERSON.1).await;
    assert!(wait(&answer).is_some_and(|wait| wait <= 30), "{answer:?}");

    world.jump(0).await;
    let mut looked_at = 0;
    let answer = loop {
        let answer = desk::login(&world.site, "wrong").await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 403, "{answer:?}");
        looked_at += 1;
    };
    assert!(looked_at <= 1, "{looked_at} guesses");
    assert!(wait(&answer).is_some_and(|wait| wait <= 900), "{answer:?}");

    world.jump(HOUR).await;
    assert_eq!(desk::login(&world.site, PERSON.1).await.status, 303);
    world.end().await;
}
