//! Opaque access tokens, of which the guard knows what it is told.

use std::sync::Arc;

use async_trait::async_trait;
use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::AccessToken;
use gatepass_proto::{Digest, Secret};
use serde_json::{Value, json};

use super::{Hands, NOW, bearer, get, house, jwt, scope, send};
use crate::{Guard, OpaqueTokens, Unavailable};

/// One token with these claims, changed.
struct One(fn(&mut Value));

#[async_trait]
impl OpaqueTokens for One {
    async fn find(&self, digest: &Digest) -> Result<Option<AccessToken>, Unavailable> {
        if *digest == down().digest() {
            return Err(Unavailable::new("no route to the database of 10.0.0.7"));
        }
        let mut claims = json!({
            "iss": "https://as.example", "sub": "us_ada", "aud": "https://api.example", "client_id": "cl_1",
            "scope": "read", "iat": NOW, "exp": NOW + 600, "jti": "j1",
        });
        self.0(&mut claims);
        let claims = serde_json::from_value(claims).expect("claims");
        Ok((*digest == token().digest()).then_some(claims))
    }
}

fn token() -> Secret {
    opaque::encode(opaque::ACCESS_TOKEN, &[7; 32])
}

fn down() -> Secret {
    opaque::encode(opaque::ACCESS_TOKEN, &[9; 32])
}

async fn ask(change: fn(&mut Value), token: &str) -> String {
    let guard = Guard::builder()
        .issuer(jwt().opaque_tokens(Arc::new(One(change))))
        .clock(Arc::new(Hands((NOW * 1000).into())))
        .build();
    let request = get().header("Authorization", format!("Bearer {token}"));
    send(&guard.layer(scope("read")), request).await
}

#[tokio::test]
async fn one_passes_as_a_jwt_does() {
    let answer = ask(|_| (), token().expose()).await;
    assert!(answer.starts_with("200"), "{answer}");
    for part in ["us_ada", "ClientId(cl_1)", "Scope(read)"] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
    let jwt = bearer(|_| ());
    let jwt = jwt.strip_prefix("Bearer ").expect("a token");
    assert!(ask(|_| (), jwt).await.starts_with("200"));
}

/// What the port says is not enough: the token must be for this service, of this issuer, in time, and of whoever shows it.
#[tokio::test]
async fn what_it_is_good_for_is_checked() {
    let changes: [fn(&mut Value); 5] = [
        |claims| claims["aud"] = "https://elsewhere.example".into(),
        |claims| claims["iss"] = "https://elsewhere.example".into(),
        |claims| claims["exp"] = (NOW - 60).into(),
        |claims| claims["cnf"] = json!({ "jkt": "somebody" }),
        |claims| claims["cnf"] = json!({ "x5t#S256": "somebody" }),
    ];
    for change in changes {
        let answer = ask(change, token().expose()).await;
        assert!(
            answer.starts_with("401") && answer.contains("invalid_token"),
            "{answer}"
        );
    }
    let poor = ask(|claims| claims["scope"] = "write".into(), token().expose()).await;
    assert!(poor.starts_with("403"), "{poor}");
}

#[tokio::test]
async fn what_is_not_known_does_not_pass() {
    let unknown = opaque::encode(opaque::ACCESS_TOKEN, &[8; 32]);
    for text in [
        unknown.expose(),
        "gp_at_",
        &format!("{}A", token().expose()),
    ] {
        let answer = ask(|_| (), text).await;
        assert!(answer.starts_with("401"), "{answer}");
    }
    let gone = ask(|_| (), down().expose()).await;
    assert!(
        gone.starts_with("503") && !gone.contains("10.0.0.7"),
        "{gone}"
    );
    // A guard that cannot ask knows none.
    let request = get().header("Authorization", format!("Bearer {}", token().expose()));
    let answer = send(&house().guard.layer(scope("read")), request).await;
    assert!(answer.starts_with("401"), "{answer}");
}
