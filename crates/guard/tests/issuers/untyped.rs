//! Tokens that do not say that they are access tokens.

use gatepass_proto::ClientId;
use serde_json::{Value, json};

use crate::support::{KEY, World, bearer, status};

#[tokio::test]
async fn they_pass_only_where_that_is_wished() {
    let world = World::new().await;
    let token = world.signed(&KEY, "JWT", |_| ());
    assert_eq!(status(&world.guard(), &token).await, 401);
    let guard = world.builder(world.issuer().untyped_tokens()).build();
    assert_eq!(status(&guard, &token).await, 200);
    assert_eq!(status(&guard, &world.token(|_| ())).await, 200);
}

#[tokio::test]
async fn the_names_of_other_issuers_are_understood() {
    let world = World::new().await;
    let guard = world.builder(world.issuer().untyped_tokens()).build();
    let token = world.signed(&KEY, "JWT", |claims| {
        *claims = json!({
            "iss": claims["iss"], "sub": "ada", "aud": claims["aud"], "azp": "app", "scp": ["read", "write"],
            "exp": claims["exp"], "typ": "Bearer",
        });
    });
    let identity = bearer(&guard, &token).await.expect("good");
    assert_eq!(identity.client_id, Some(ClientId::new("app")));
    assert_eq!(identity.scope.to_string(), "read write");
}

#[tokio::test]
async fn an_id_token_is_none() {
    let world = World::new().await;
    let guard = world.builder(world.issuer().untyped_tokens()).build();
    let changes: [fn(&mut Value); 9] = [
        |claims| claims["nonce"] = json!("n"),
        |claims| claims["at_hash"] = json!("h"),
        |claims| claims["c_hash"] = json!("h"),
        |claims| claims["s_hash"] = json!("h"),
        |claims| claims["events"] = json!({}),
        |claims| claims["typ"] = json!("ID"),
        |claims| claims["typ"] = json!("Refresh"),
        |claims| claims["aud"] = json!("cl_1"),
        |claims| drop(claims.as_object_mut().expect("an object").remove("aud")),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let token = world.signed(&KEY, "JWT", change);
        assert_eq!(status(&guard, &token).await, 401, "{number}");
    }
    for typ in ["logout+jwt", "dpop+jwt", "token-introspection+jwt"] {
        let token = world.signed(&KEY, typ, |_| ());
        assert_eq!(status(&guard, &token).await, 401, "{typ}");
    }
}
