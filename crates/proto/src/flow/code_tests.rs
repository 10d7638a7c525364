use std::time::Duration;

use serde_json::{Value, json};

use super::CodeFlow;
use crate::dpop::Dpop;
use crate::flow::testing::{Counting, NOW, Next, Talk, client, done, failed, form, sent};
use crate::flow::{CodeSetup, Endpoint, FlowError, IdTokenSetup, Input, Step};
use crate::jose::{KeySet, SigningKey, VerifiedJws};
use crate::{Cx, Params};

const ISSUER: &str = "https://as.example";

fn key(seed: u8) -> SigningKey {
    SigningKey::generate("ES256", &mut Cx::new(NOW, &mut Counting(seed))).expect("a key")
}

fn setup() -> CodeSetup {
    CodeSetup {
        token: Endpoint::new("https://as.example/token", client()).into(),
        issuer: Some(ISSUER.to_owned()),
        iss_promised: true,
        authorization_endpoint: "https://as.example/authorize".to_owned(),
        pushed_authorization_request_endpoint: None,
        request_object: false,
        jarm: None,
        redirect_uri: "http://127.0.0.1:7/callback".to_owned(),
        scope: Some("read write".parse().expect("a scope")),
        resource: Vec::new(),
        authorization_details: None,
        params: Vec::new(),
    }
}

fn asked(next: Next<CodeFlow>) -> Params {
    match next {
        Ok(Step::Redirect(url)) => {
            assert_eq!(url.path(), "/authorize");
            Params::parse_form(url.query().unwrap_or_default().as_bytes()).expect("a query")
        }
        other => panic!(
            "expected a redirect, got {}",
            crate::flow::testing::shown(&other)
        ),
    }
}

fn callback(pairs: &[(&str, &str)]) -> Input {
    let mut params = Params::new();
    for (name, value) in pairs {
        params.push(*name, *value);
    }
    Input::Callback(params)
}

fn start(setup: CodeSetup) -> (Talk<CodeFlow>, Params) {
    let mut talk = Talk::new(CodeFlow::new(setup));
    let next = talk.feed(Input::Start);
    (talk, asked(next))
}

#[test]
fn a_request_may_go_ahead_of_the_browser() {
    let mut setup = setup();
    setup.pushed_authorization_request_endpoint = Some("https://as.example/par".to_owned());
    setup.token.endpoint.dpop =
        Some(Dpop::generate(&mut Cx::new(NOW, &mut Counting(9))).expect("a key"));
    let mut talk = Talk::new(CodeFlow::new(setup));
    let pushed = talk.start();
    assert_eq!(pushed.uri(), "https://as.example/par");
    let said = form(&pushed);
    assert_eq!(said.all("client_id").count(), 1);
    assert_eq!(said.get("scope"), Some("read write"));
    assert_eq!(said.get("dpop_jkt").map(str::len), Some(43));
    let answer = json!({ "request_uri": "urn:ietf:params:oauth:request_uri:x", "expires_in": 60 });
    let named = asked(talk.answer(201, &answer));
    let names: Vec<&str> = named.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "request_uri"], "and nothing else");
    let state = said.get("state").expect("a state");
    let exchange = sent(talk.feed(callback(&[
        ("code", "c"),
        ("state", state),
        ("iss", ISSUER),
    ])));
    assert_eq!(exchange.uri(), "https://as.example/token");
    assert!(form(&exchange).get("code_verifier").is_some());
    let granted = done(talk.answer(200, &json!({ "access_token": "a", "token_type": "DPoP" })));
    assert_eq!(granted.token.token_type, "DPoP");
}

#[test]
fn a_push_that_is_refused_says_why() {
    let mut setup = setup();
    setup.pushed_authorization_request_endpoint = Some("https://as.example/par".to_owned());
    let mut talk = Talk::new(CodeFlow::new(setup));
    talk.start();
    let refused = failed(talk.answer(
        400,
        &json!({ "error": "invalid_scope", "error_description": "no such" }),
    ));
    assert_eq!(refused.to_string(), "invalid_scope: no such");
}

#[test]
fn a_signed_request_holds_everything_and_its_signature_is_ours() {
    let own = key(3);
    let keys = KeySet::of([own.jwk()]);
    let mut setup = setup();
    setup.request_object = true;
    setup.token.endpoint.client.key = Some(std::sync::Arc::new(own));
    let (_, asked) = start(setup);
    let signed = asked.get("request").expect("a request object");
    let jws = VerifiedJws::check(signed, &keys).expect("signed by us");
    assert_eq!(jws.typ.as_deref(), Some("oauth-authz-req+jwt"));
    let claims: Value = serde_json::from_slice(&jws.payload).expect("JSON");
    for (name, value) in [
        ("iss", "app"),
        ("aud", ISSUER),
        ("client_id", "app"),
        ("scope", "read write"),
    ] {
        assert_eq!(claims[name], json!(value), "{name}");
    }
    assert_eq!(asked.get("state"), None, "what is signed is not said again");
}

#[test]
fn a_signed_request_without_a_key_is_not_sent() {
    let mut setup = setup();
    setup.request_object = true;
    let refused = failed(Talk::new(CodeFlow::new(setup)).feed(Input::Start));
    assert!(matches!(refused, FlowError::Setup(_)), "{refused}");
}

#[test]
fn a_signed_answer_is_believed_by_the_servers_key_alone() {
    let own = key(4);
    for (signer, iss, good) in [
        (4, ISSUER, true),
        (5, ISSUER, false),
        (4, "https://evil.example", false),
    ] {
        let mut setup = setup();
        setup.jarm = Some("https://as.example/jwks".to_owned());
        let (mut talk, asked) = start(setup);
        assert_eq!(asked.get("response_mode"), Some("jwt"));
        let claims = json!({
            "iss": iss, "aud": "app", "exp": NOW.as_secs() + 60, "code": "c", "state": asked.get("state"),
        });
        let response = key(signer).sign("JWT", &claims).expect("signed");
        let keys = sent(talk.feed(callback(&[("response", &response)])));
        assert_eq!(keys.uri(), "https://as.example/jwks");
        let mut next = talk.answer(200, &json!({ "keys": [own.jwk()] }));
        if let Ok(Step::Send(again)) = &next
            && again.uri() == "https://as.example/jwks"
        {
            next = talk.answer(200, &json!({ "keys": [own.jwk()] }));
        }
        // `iss` stands in the signed answer, so RFC 9207's parameter beside it is not needed.
        assert_eq!(next.is_ok(), good, "{signer} {iss}");
    }
}

/// As much as an ID token is allowed (`id_token/tests.rs`), and no more.
#[test]
fn a_signed_answer_may_be_late_by_the_leeway_of_an_id_token() {
    let own = key(4);
    for (late, good) in [(0, true), (299, true), (300, false), (3600, false)] {
        let mut setup = setup();
        setup.jarm = Some("https://as.example/jwks".to_owned());
        let (mut talk, asked) = start(setup);
        let claims = json!({
            "iss": ISSUER, "aud": "app", "exp": NOW.as_secs(), "code": "c", "state": asked.get("state"),
        });
        let response = own.sign("JWT", &claims).expect("signed");
        talk.now = talk.now + Duration::from_secs(late);
        sent(talk.feed(callback(&[("response", &response)])));
        // The date of the keys says nothing of when they were asked for: caches keep them.
        let keys = json!({ "keys": [own.jwk()] }).to_string();
        let dated = [("Date", "Fri, 15 Jan 2027 08:00:00 GMT")];
        let next = talk.hear(crate::flow::testing::response(200, &dated, &keys));
        assert_eq!(next.is_ok(), good, "{late}");
    }
}

#[test]
fn a_refusal_from_the_browser_is_made_fit_to_be_shown() {
    let (mut talk, asked) = start(setup());
    let state = asked.get("state").expect("a state");
    let said = format!("no\u{1b}[31m such\nstate {state}");
    let refused = failed(talk.feed(callback(&[
        ("error", "server_error"),
        ("error_description", &said),
        ("state", state),
        ("iss", ISSUER),
    ])));
    assert_eq!(
        refused.to_string(),
        "server_error: no[31m such state [redacted]"
    );
}

#[test]
fn an_unsigned_answer_where_a_signed_one_was_asked_for_is_refused() {
    let mut setup = setup();
    setup.jarm = Some("https://as.example/jwks".to_owned());
    let (mut talk, asked) = start(setup);
    let state = asked.get("state").expect("a state");
    let refused = failed(talk.feed(callback(&[
        ("code", "c"),
        ("state", state),
        ("iss", ISSUER),
    ])));
    assert!(refused.to_string().contains("signed answer"), "{refused}");
}

#[test]
fn openid_sends_a_nonce_and_wants_it_back() {
    let own = key(6);
    for same in [true, false] {
        let mut setup = setup();
        setup.scope = Some("openid".parse().expect("a scope"));
        setup.token.id_token = Some(IdTokenSetup {
            issuer: ISSUER.to_owned(),
            issuer_template: None,
            jwks_uri: "https://as.example/jwks".to_owned(),
            client_id: client().client_id,
            client_secret: None,
            algorithms: Vec::new(),
            nonce: None,
            max_age: None,
            acr_values: Vec::new(),
            subject: None,
            required: false,
        });
        let (mut talk, asked) = start(setup);
        let nonce = asked.get("nonce").expect("a nonce").to_owned();
        let state = asked.get("state").expect("a state");
        sent(talk.feed(callback(&[
            ("code", "c"),
            ("state", state),
            ("iss", ISSUER),
        ])));
        let claims = json!({
            "iss": ISSUER, "sub": "u", "aud": "app", "exp": NOW.as_secs() + 60, "iat": NOW.as_secs(),
            "nonce": if same { nonce.as_str() } else { "other" },
        });
        let id_token = own.sign("JWT", &claims).expect("signed");
        sent(talk.answer(200, &json!({ "access_token": "a", "id_token": id_token })));
        let next = talk.answer(200, &json!({ "keys": [own.jwk()] }));
        assert_eq!(next.is_ok(), same, "{}", crate::flow::testing::shown(&next));
    }
}

#[test]
fn what_protects_the_login_cannot_be_set_from_outside() {
    for name in [
        "state",
        "redirect_uri",
        "code_challenge",
        "client_id",
        "scope",
    ] {
        let mut setup = setup();
        setup.params = vec![(name.to_owned(), "x".to_owned())];
        let refused = failed(Talk::new(CodeFlow::new(setup)).feed(Input::Start));
        assert!(refused.to_string().starts_with(name), "{refused}");
    }
    let mut setup = setup();
    setup
        .token
        .quirks
        .authorize_params
        .insert("prompt".into(), "consent".into());
    setup.params = vec![
        ("prompt".into(), "login".into()),
        ("audience".into(), "a b".into()),
    ];
    let (_, asked) = start(setup);
    assert_eq!(
        (asked.get("prompt"), asked.get("audience")),
        (Some("login"), Some("a b"))
    );
}

#[test]
fn a_login_can_be_taken_up_elsewhere() {
    let mut setup = setup();
    setup.token.endpoint.dpop =
        Some(Dpop::generate(&mut Cx::new(NOW, &mut Counting(9))).expect("a key"));
    let (talk, asked) = start(setup.clone());
    let carried = serde_json::to_string(&talk.flow.pending().expect("away")).expect("JSON");
    let pending = serde_json::from_str(&carried).expect("reads back");
    assert!(!format!("{pending:?}").contains(asked.get("state").expect("a state")));
    let jkt = setup
        .token
        .endpoint
        .dpop
        .take()
        .map(|dpop| dpop.jkt().to_owned());
    let mut talk = Talk::new(CodeFlow::resume(setup, &pending).expect("well formed"));
    let state = asked.get("state").expect("a state");
    let exchange = sent(talk.feed(callback(&[
        ("code", "c"),
        ("state", state),
        ("iss", ISSUER),
    ])));
    assert!(exchange.headers().contains_key("dpop"));
    assert_eq!(asked.get("dpop_jkt"), jkt.as_deref(), "by the same key");
}
