//! ID tokens that somebody has tampered with do not log in (OpenID Connect Core §3.1.3.7).

use gatepass_client::{OAuth, TokenState};
use serde_json::{Map, Value, json};

use crate::agent::{Agent, Reader};
use crate::provider::{Provider, Signed};

type Claims = Map<String, Value>;

/// What is changed, and a word of the error; none where the login is good.
type Case = (
    &'static str,
    fn(&mut Claims) -> Signed,
    Option<&'static str>,
);

const CASES: &[Case] = &[
    ("nothing", |_| Signed::Rightly, None),
    (
        "audiences",
        |claims| set(claims, "aud", json!(["cl"])),
        None,
    ),
    (
        "issuer",
        |claims| set(claims, "iss", json!("https://evil.example")),
        Some("another issuer"),
    ),
    ("no issuer", |claims| without(claims, "iss"), Some("claim")),
    (
        "audience",
        |claims| set(claims, "aud", json!("somebody-else")),
        Some("another client"),
    ),
    (
        "more audiences",
        |claims| set(claims, "aud", json!(["cl", "other"])),
        Some("client"),
    ),
    (
        "party",
        |claims| set(claims, "azp", json!("other")),
        Some("client"),
    ),
    ("no subject", |claims| without(claims, "sub"), Some("claim")),
    (
        "expired",
        |claims| set(claims, "exp", json!(1000)),
        Some("expired"),
    ),
    ("no end", |claims| without(claims, "exp"), Some("claim")),
    (
        "no beginning",
        |claims| without(claims, "iat"),
        Some("claim"),
    ),
    (
        "nonce",
        |claims| set(claims, "nonce", json!("another")),
        Some("nonce"),
    ),
    ("no nonce", |claims| without(claims, "nonce"), Some("nonce")),
    (
        "access token",
        |claims| set(claims, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        Some("another access token"),
    ),
    ("signature", |_| Signed::BySomebodyElse, Some("sign")),
    ("algorithm", |_| Signed::ByNobody, Some("alg")),
];

fn set(claims: &mut Claims, name: &str, value: Value) -> Signed {
    claims.insert(name.into(), value);
    Signed::Rightly
}

fn without(claims: &mut Claims, name: &str) -> Signed {
    claims.remove(name);
    Signed::Rightly
}

#[tokio::test]
async fn each_claim_is_checked_before_the_token_is_kept() {
    let provider = Provider::start().await;
    for (what, tamper, wrong) in CASES {
        let oauth = OAuth {
            scope: Some("openid".parse().unwrap()),
            ..provider.browser_client()
        };
        let session = provider.session(oauth).build().unwrap();
        provider.desk().tamper = Some(Box::new(*tamper));
        let outcome = session.login(&Reader, &Agent::options().1).await;
        let status = session.status().await.unwrap();
        match (outcome, wrong) {
            (Ok(_), None) => assert_eq!(
                (status.state, status.account.as_deref()),
                (TokenState::Valid, Some("u1")),
                "{what}"
            ),
            (Err(error), Some(word)) => {
                assert!(error.to_string().contains(word), "{what}: {error}");
                assert_eq!(status.state, TokenState::LoginNeeded, "{what}");
            }
            (outcome, _) => panic!("{what}: {outcome:?}"),
        }
    }
}
