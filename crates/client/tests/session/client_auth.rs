//! How a client shows itself, when it has more than one way to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_client::{
    AssertionTyp, ClientKey, Credential, Grant, JwtBearer, OAuth, SecretRef, Session,
    SignedAssertion, Timestamp,
};
use gatepass_http::Clock;
use serde_json::Value;

use crate::provider::Provider;
use crate::server::{Act, Seen, Server, answer};

/// The client's key in PEM.
fn key() -> ClientKey {
    ClientKey {
        key: SecretRef::given(rcgen::KeyPair::generate().unwrap().serialize_pem()),
        kid: None,
        alg: None,
    }
}

/// By what the token endpoint was asked, and the header of the assertion where there was one.
async fn shown(oauth: OAuth, provider: &Provider) -> (String, Value) {
    let session = provider.session(oauth).build().unwrap();
    session.token(Duration::ZERO).await.unwrap();
    let asked = provider.server.last();
    assert_eq!(asked.target, "/token");
    let text = asked.text();
    let params: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    let param = |name: &str| params.iter().find(|(own, _)| own == name);
    if let Some((_, assertion)) = param("client_assertion") {
        let header = assertion.split('.').next().unwrap();
        let header = URL_SAFE_NO_PAD.decode(header).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        return ("assertion".to_owned(), header);
    }
    let how = match (asked.header("authorization"), param("client_secret")) {
        (Some(own), None) if own.starts_with("Basic ") => "basic",
        (None, Some(_)) => "post",
        (None, None) => "id",
        _ => "two ways at once",
    };
    (how.to_owned(), Value::Null)
}

#[tokio::test]
async fn the_secret_goes_first_and_the_profile_has_the_last_word() {
    let provider = Provider::start().await;
    // The server lists all of them, its secret's first.
    for (secret, key_too, said, how) in [
        (true, true, None, "basic"),
        (true, true, Some("client_secret_post"), "post"),
        (true, true, Some("private_key_jwt"), "assertion"),
        (false, true, None, "assertion"),
        (false, true, Some("none"), "id"),
        (false, false, None, "id"),
    ] {
        let mut oauth = provider.client(Grant::ClientCredentials);
        oauth.client_secret = secret.then(|| SecretRef::given("hunter2"));
        oauth.client_key = key_too.then(key);
        oauth.client_auth = said.map(str::to_owned);
        let (got, _) = shown(oauth, &provider).await;
        assert_eq!(got, how, "secret {secret}, key {key_too}, {said:?}");
    }
}

#[tokio::test]
async fn an_assertion_has_the_type_that_the_profile_or_the_preset_says() {
    use AssertionTyp::{ClientAuthentication, Jwt};
    let provider = Provider::start().await;
    for (own, preset, typ) in [
        (None, Jwt, "JWT"),
        (None, ClientAuthentication, "client-authentication+jwt"),
        (Some(ClientAuthentication), Jwt, "client-authentication+jwt"),
        (Some(Jwt), ClientAuthentication, "JWT"),
    ] {
        let mut oauth = provider.client(Grant::ClientCredentials);
        oauth.client_key = Some(key());
        oauth.client_assertion_typ = own;
        oauth.quirks.client_assertion_typ = preset;
        let (_, header) = shown(oauth, &provider).await;
        assert_eq!(header["typ"], typ, "{own:?} {preset:?}");
    }
}

/// A clock that an hour is missing from.
struct Slow;

#[async_trait]
impl Clock for Slow {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(THEIRS - 3600)
    }

    async fn wait_until(&self, _: Timestamp) {}
}

/// Fri, 15 Jan 2027 08:00:00 GMT.
const THEIRS: u64 = 1_800_000_000;

/// A server that takes an assertion of nobody, if it is of this minute.
fn strict(seen: &Seen) -> Act {
    let date = [("Date", "Fri, 15 Jan 2027 08:00:00 GMT")];
    let form = seen.text();
    let mut params = url::form_urlencoded::parse(form.as_bytes());
    let assertion = params.find(|(name, _)| name == "assertion").unwrap().1;
    let stated = crate::provider::claims(&assertion)["iat"].as_u64().unwrap();
    match stated.abs_diff(THEIRS) < 60 && !form.contains("client_id") {
        true => answer(200, &date, r#"{"access_token":"a","expires_in":60}"#),
        false => answer(400, &date, r#"{"error":"invalid_grant"}"#),
    }
}

#[tokio::test]
async fn a_statement_is_signed_again_by_the_servers_clock() {
    let server = Server::start(strict).await;
    let signed = SignedAssertion {
        key: key(),
        issuer: Some("robot".into()),
        subject: None,
        audience: None,
        claims: BTreeMap::new(),
    };
    let grant = Grant::JwtBearer(Box::new(JwtBearer::Signed(signed)));
    let mut oauth = OAuth::new(None, None, None, grant);
    oauth.endpoints.token = Some(format!("{}/token", server.url));
    let session = Session::builder(Credential::from(oauth)).clock(Arc::new(Slow));
    let session = session.build().unwrap();
    let token = session.token(Duration::ZERO).await.unwrap();
    assert_eq!(token.access_token.expose(), "a");
    assert_eq!(server.seen().len(), 2, "once by our clock, once by its own");
}

#[tokio::test]
async fn who_has_something_to_show_needs_a_name() {
    let bearer = Grant::JwtBearer(Box::new(JwtBearer::Ready(SecretRef::given("a"))));
    for grant in [bearer, Grant::ClientCredentials] {
        let mut oauth = OAuth::new(None, None, Some(SecretRef::given("s")), grant);
        oauth.endpoints.token = Some("https://as.example/token".into());
        let session = Session::builder(Credential::from(oauth)).build().unwrap();
        let error = session.token(Duration::ZERO).await.unwrap_err();
        assert_eq!(error.to_string(), "client_id is missing");
    }
}
