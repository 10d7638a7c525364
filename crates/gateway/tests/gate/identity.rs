//! How the API learns who asks.

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::jose::{KeySet, VerifiedJws};
use serde_json::{Value, json};

use crate::world::{API, World};

#[tokio::test]
async fn headers_tell_who_asks() {
    let world = World::usual().await;
    let claims = json!({ "act": { "sub": "assistant" }, "acr": "mfa", "auth_time": 1_700_000_000 });
    let said = world
        .send("GET /x", &[&world.bearer_with("read write", claims)])
        .await;
    let seen = said.json();
    for (name, value) in [
        ("subject", "ann"),
        ("client-id", "tool"),
        ("scope", "read write"),
        ("scheme", "bearer"),
        ("actor", "assistant"),
        ("acr", "mfa"),
        ("auth-time", "1700000000"),
        ("token-id", "token-1"),
    ] {
        assert_eq!(
            seen["headers"][format!("x-gatepass-{name}")],
            value,
            "{said:?}"
        );
    }
    let issuer = seen["headers"]["x-gatepass-issuer"].as_str();
    assert_eq!(issuer, Some(world.issuer.url.as_str()));
    assert_eq!(seen["headers"]["x-forwarded-user"], json!(null));
}

#[tokio::test]
async fn what_a_name_holds_cannot_become_another_header() {
    let world = World::usual().await;
    for (name, written) in [
        (
            "a\r\nX-Gatepass-Scope: admin",
            "a%0D%0AX-Gatepass-Scope:%20admin",
        ),
        ("Jörg, Chef", "J%C3%B6rg%2C%20Chef"),
        ("100%41", "100%2541"),
    ] {
        let said = world
            .send("GET /x", &[&world.bearer_with("", json!({ "sub": name }))])
            .await;
        let seen = said.json();
        assert_eq!(seen["headers"]["x-gatepass-subject"], written, "{said:?}");
        assert_eq!(seen["headers"]["x-gatepass-scope"], "", "{said:?}");
    }
}

#[tokio::test]
async fn other_names_are_set_where_the_settings_say_so() {
    let world = World::with_tables("[identity]\nheaders = false\nforwarded_user = true").await;
    let said = world.ask("GET /x", "read").await;
    let seen = said.json();
    assert_eq!(seen["headers"]["x-forwarded-user"], "ann");
    assert_eq!(seen["headers"]["x-gatepass-subject"], json!(null));
}

#[tokio::test]
async fn a_signed_identity_is_for_this_api_and_a_minute() {
    let settings = "[identity]\nheaders = false\n[identity.jwt]\nlifetime = \"30s\"";
    let world = World::with_tables(settings).await;
    let forged = "X-Gatepass-Assertion: eyJhbGciOiJub25lIn0.e30.";
    let bearer = world.bearer("read");
    let said = world.send("GET /things/1", &[&bearer, forged]).await;
    let seen = said.json();
    let token = seen["headers"]["x-gatepass-assertion"]
        .as_str()
        .expect("one");
    let keys = world.send("GET /.gatepass/jwks.json", &[]).await;
    assert!(
        keys.header("cache-control")
            .is_some_and(|kept| kept.contains("max-age"))
    );
    assert!(!keys.body.contains("\"d\""), "a private key is shown");
    let keys = KeySet::parse(keys.body.as_bytes()).expect("keys");
    let jws = VerifiedJws::check(token, &keys).expect("a good signature");
    assert_eq!(jws.typ.as_deref(), Some("gatepass-identity+jwt"));
    let claims: Value = serde_json::from_slice(&jws.payload).expect("claims");
    assert_eq!(claims["iss"], API);
    assert_eq!(claims["aud"], format!("http://{}", world.api));
    assert_eq!(claims["sub"], "ann");
    assert_eq!(claims["sub_id"]["iss"], world.issuer.url);
    assert_eq!(claims["client_id"], "tool");
    assert_eq!(claims["scope"], "read");
    let (iat, exp) = (claims["iat"].as_u64(), claims["exp"].as_u64());
    assert_eq!(exp, iat.map(|iat| iat + 30));
    assert!(iat.is_some_and(|iat| iat <= SystemClock.now().as_secs()));
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 22));

    // Whoever passes unasked has none, whatever they bring.
    let said = world.send("GET /public", &[&bearer, forged]).await;
    assert_eq!(said.json()["headers"]["x-gatepass-assertion"], json!(null));
    // A signed identity is no access token.
    let again = format!("Authorization: Bearer {token}");
    assert_eq!(world.send("GET /x", &[&again]).await.status, 401);
}
