use std::sync::Arc;

use serde_json::{Value, json};

use super::{Granted, TokenFlow, TokenSetup};
use crate::client_auth::ClientCredentials;
use crate::dpop::Dpop;
use crate::flow::testing::{
    Counting, NOW, Next, Talk, client, done, failed, form, header, response, sent,
};
use crate::flow::{Endpoint, FlowError, IdTokenSetup, Step};
use crate::grant::jwt_bearer::{Assertion, SignedBearer, Statement};
use crate::grant::refresh_token::Refresh;
use crate::jose::SigningKey;
use crate::{Cx, Secret};

fn key(seed: u8) -> SigningKey {
    SigningKey::generate("ES256", &mut Cx::new(NOW, &mut Counting(seed))).expect("a key")
}

fn dpop() -> Dpop {
    Dpop::generate(&mut Cx::new(NOW, &mut Counting(9))).expect("a key")
}

fn setup() -> TokenSetup {
    Endpoint::new("https://as.example/token", client()).into()
}

fn refresh(setup: TokenSetup) -> Talk<TokenFlow> {
    let grant = Refresh {
        refresh_token: Secret::new("r"),
        scope: None,
    };
    Talk::new(TokenFlow::new(setup, &grant))
}

fn with_id_token(required: bool) -> TokenSetup {
    TokenSetup {
        id_token: Some(IdTokenSetup {
            issuer: "https://as.example".to_owned(),
            issuer_template: None,
            jwks_uri: "https://as.example/jwks".to_owned(),
            client_id: client().client_id,
            client_secret: None,
            algorithms: Vec::new(),
            nonce: None,
            max_age: None,
            acr_values: Vec::new(),
            subject: None,
            required,
        }),
        ..setup()
    }
}

fn id_token(key: &SigningKey) -> String {
    id_token_of(key, NOW.as_secs())
}

fn id_token_of(key: &SigningKey, iat: u64) -> String {
    let claims = json!({
        "iss": "https://as.example", "sub": "u", "aud": "app", "exp": iat + 300, "iat": iat,
    });
    key.sign("JWT", &claims).expect("signed")
}

fn keys(key: &SigningKey) -> Value {
    json!({ "keys": [key.jwk()] })
}

fn claims(proof: &str) -> Value {
    use base64::Engine as _;
    let payload = proof.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}

#[test]
fn the_servers_nonce_is_put_into_the_proof_and_asked_with_once() {
    let mut setup = setup();
    setup.endpoint.dpop = Some(dpop());
    let mut talk = refresh(setup);
    let first = talk.start();
    let proof = claims(header(&first, "dpop"));
    assert_eq!(
        (&proof["htm"], &proof["htu"]),
        (&json!("POST"), &json!("https://as.example/token"))
    );
    assert_eq!(proof.get("nonce"), None);
    let wants = || {
        response(
            400,
            &[("DPoP-Nonce", "n1")],
            r#"{"error":"use_dpop_nonce"}"#,
        )
    };
    let second = sent(talk.hear(wants()));
    let again = claims(header(&second, "dpop"));
    assert_eq!(again["nonce"], json!("n1"));
    assert_ne!(again["jti"], proof["jti"], "a proof is used once");
    assert_eq!(form(&second).get("refresh_token"), Some("r"));
    let refused = failed(talk.hear(wants()));
    assert!(matches!(refused, FlowError::Refused { error, .. } if error == "use_dpop_nonce"));
}

#[test]
fn a_signature_is_dated_by_the_servers_clock_when_ours_was_refused() {
    let mut setup = setup();
    setup.endpoint.dpop = Some(dpop());
    let mut talk = refresh(setup);
    talk.start();
    // NOW is 15 Jan 2027, 08:00:00; the server's clock is ten minutes ahead.
    let late = [("Date", "Fri, 15 Jan 2027 08:10:00 GMT")];
    let again = sent(talk.hear(response(400, &late, r#"{"error":"invalid_dpop_proof"}"#)));
    assert_eq!(
        claims(header(&again, "dpop"))["iat"],
        json!(NOW.as_secs() + 600)
    );
    let granted = done(talk.hear(response(200, &late, r#"{"access_token":"a"}"#)));
    assert_eq!(granted.clock_skew, Some(600_000));
    assert_eq!(granted.asked_at, NOW, "lifetimes count by our own clock");
}

fn stating() -> Talk<TokenFlow> {
    let grant = SignedBearer {
        statement: Statement {
            assertion: Assertion::new("robot", "robot", "https://as.example"),
            key: Arc::new(key(7)),
        },
        scope: Some("read".parse().expect("a scope")),
        resource: Vec::new(),
    };
    let nobody = Endpoint::new("https://as.example/token", ClientCredentials::nobody());
    Talk::new(TokenFlow::new(nobody, &grant))
}

#[test]
fn a_statement_stands_for_itself_and_is_signed_anew_by_the_servers_clock() {
    for (ahead, date) in [
        (600, "Fri, 15 Jan 2027 08:10:00 GMT"),
        (-600, "Fri, 15 Jan 2027 07:50:00 GMT"),
    ] {
        let mut talk = stating();
        let first = talk.start();
        assert!(!first.headers().contains_key("authorization"));
        let params = form(&first);
        let mut names: Vec<&str> = params.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(names, ["assertion", "grant_type", "scope"]);
        let stated = claims(params.get("assertion").expect("an assertion"));
        assert_eq!(stated["iat"], json!(NOW.as_secs()));
        let refusal = r#"{"error":"invalid_grant","error_description":"check your iat and exp"}"#;
        let again = sent(talk.hear(response(400, &[("Date", date)], refusal)));
        let dated = claims(form(&again).get("assertion").expect("an assertion"));
        let theirs = NOW.as_secs().saturating_add_signed(ahead);
        assert_eq!(
            (&dated["iat"], &dated["exp"]),
            (&json!(theirs), &json!(theirs + 300))
        );
        assert_ne!(dated["jti"], stated["jti"], "an assertion is used once");
        // Once is enough.
        let refused = failed(talk.hear(response(400, &[("Date", date)], refusal)));
        assert!(refused.is_invalid_grant(), "{refused}");
    }
}

#[test]
fn a_statement_that_no_clock_explains_is_not_sent_again() {
    for (error, date) in [
        ("invalid_grant", "Fri, 15 Jan 2027 08:00:03 GMT"),
        ("invalid_client", "Fri, 15 Jan 2027 08:10:00 GMT"),
        ("invalid_scope", "Fri, 15 Jan 2027 08:10:00 GMT"),
    ] {
        let mut talk = stating();
        talk.start();
        let body = json!({ "error": error }).to_string();
        let refused: Next<TokenFlow> = talk.hear(response(400, &[("Date", date)], &body));
        assert!(
            matches!(refused, Err(FlowError::Refused { .. })),
            "{error} {date}"
        );
    }
}

#[test]
fn what_the_server_dates_counts_by_its_own_clock() {
    for (ahead, date) in [
        (600, "Fri, 15 Jan 2027 08:10:00 GMT"),
        (-600, "Fri, 15 Jan 2027 07:50:00 GMT"),
    ] {
        let theirs = NOW.as_secs().saturating_add_signed(ahead);
        let answer = json!({
            "access_token": "a", "expires_at": theirs + 60, "id_token": id_token_of(&key(3), theirs),
        });
        let mut talk = refresh(with_id_token(true));
        talk.start();
        sent(talk.hear(response(200, &[("Date", date)], &answer.to_string())));
        let granted = done(talk.answer(200, &keys(&key(3))));
        assert_eq!(granted.id.expect("good").iat, theirs);
        let until = granted.token.until.expect("said");
        assert_eq!(until.as_secs(), NOW.as_secs() + 60);
    }
}

#[test]
fn a_refusal_that_no_clock_explains_stands() {
    for (error, date) in [
        ("invalid_client", "Fri, 15 Jan 2027 08:00:03 GMT"),
        ("invalid_grant", "Fri, 15 Jan 2027 08:10:00 GMT"),
        ("invalid_client", "yesterday"),
    ] {
        let mut setup = setup();
        setup.endpoint.dpop = Some(dpop());
        let mut talk = refresh(setup);
        talk.start();
        let body = json!({ "error": error }).to_string();
        let refused: Next<TokenFlow> = talk.hear(response(400, &[("Date", date)], &body));
        assert!(
            matches!(refused, Err(FlowError::Refused { .. })),
            "{error} {date}"
        );
    }
}

#[test]
fn an_id_token_is_checked_by_the_servers_keys() {
    let key = key(3);
    let mut talk = refresh(with_id_token(true));
    talk.start();
    let answer = json!({ "access_token": "a", "id_token": id_token(&key) });
    let asks = sent(talk.answer(200, &answer));
    assert_eq!(asks.uri(), "https://as.example/jwks");
    assert!(asks.headers().get("cache-control").is_none());
    // A key that is not there may be new.
    let asks = sent(talk.answer(200, &json!({ "keys": [] })));
    assert_eq!(header(&asks, "cache-control"), "no-cache");
    let granted: Granted = done(talk.answer(200, &keys(&key)));
    assert_eq!(granted.id.expect("checked").sub, "u");
}

#[test]
fn another_key_is_not_believed() {
    let mut talk = refresh(with_id_token(true));
    talk.start();
    sent(talk.answer(
        200,
        &json!({ "access_token": "a", "id_token": id_token(&key(3)) }),
    ));
    sent(talk.answer(200, &keys(&key(4))));
    let refused = failed(talk.answer(200, &keys(&key(4))));
    assert!(matches!(refused, FlowError::IdToken(_)), "{refused}");
}

#[test]
fn a_renewed_token_is_not_lost_because_the_keys_cannot_be_had() {
    let mut talk = refresh(with_id_token(false));
    talk.start();
    let answer =
        json!({ "access_token": "a", "refresh_token": "r2", "id_token": id_token(&key(3)) });
    sent(talk.answer(200, &answer));
    for _ in 0..3 {
        let next = talk.lose();
        let (_, next) = talk.sleep(next);
        sent(next);
    }
    let granted = done(talk.lose());
    assert_eq!(granted.token.refresh_token, Some(Secret::new("r2")));
    assert_eq!(granted.id, None);
}

#[test]
fn an_answer_without_the_id_token_that_was_asked_for_is_refused() {
    let mut talk = refresh(with_id_token(true));
    talk.start();
    let refused = failed(talk.answer(200, &json!({ "access_token": "a" })));
    assert!(refused.to_string().contains("no ID token"), "{refused}");
    let mut talk = refresh(with_id_token(false));
    talk.start();
    let next = talk.answer(200, &json!({ "access_token": "a" }));
    assert!(matches!(next, Ok(Step::Done(_))));
}
