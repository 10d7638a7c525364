//! The JWT bearer grant (RFC 7523 §2.1): assertions of issuers that the operator trusts.

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::{KeySet, SigningKey};
use serde_json::{Value, json};

use crate::forge::{compact, now};
use crate::registered::{Registered, Registration};
use crate::wire::{Answer, Call};
use crate::world::World;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ISSUER: &str = "https://cluster.example";

struct Trusted {
    world: World,
    client: Registered,
    key: SigningKey,
}

fn key() -> SigningKey {
    let mut entropy = OsEntropy;
    let mut cx = Cx::new(SystemClock.now(), &mut entropy);
    SigningKey::generate("ES256", &mut cx).expect("a key")
}

impl Trusted {
    async fn start() -> Self {
        let (key, other) = (key(), key());
        let files = tempfile::tempdir().expect("a folder");
        let file = |name: &str, key: &SigningKey| {
            let path = files.path().join(name);
            let keys = KeySet::of([key.jwk()]).to_json().to_string();
            std::fs::write(&path, keys).expect("written");
            path
        };
        let trusted = vec![
            (ISSUER.to_owned(), file("one", &key)),
            ("https://other.example".to_owned(), file("other", &other)),
        ];
        let world = World::dev_with(|config| config.trusted_issuers = trusted).await;
        let registration = Registration::new(&[GRANT, "refresh_token"], ClientDetails::default());
        let client = world.register(registration).await;
        Self { world, client, key }
    }

    /// A good assertion's claims.
    fn claims(&self) -> Value {
        let now = now();
        let jti = format!("{:?}", std::time::Instant::now());
        json!({
            "iss": ISSUER, "sub": self.world.set().user, "aud": self.world.issuer, "jti": jti,
            "iat": now, "exp": now + 60,
        })
    }

    async fn present(&self, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![("grant_type", GRANT), ("assertion", assertion)];
        pairs.extend_from_slice(more);
        self.world
            .send(self.client.call("/oauth/token", &pairs))
            .await
    }

    async fn with(&self, name: &str, value: Value) -> Answer {
        let mut claims = self.claims();
        let members = claims.as_object_mut().expect("an object");
        members.insert(name.to_owned(), value);
        let assertion = self.key.sign("JWT", &claims).expect("signed");
        self.present(&assertion, &[]).await
    }
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let trusted = Trusted::start().await;
    let assertion = trusted.key.sign("JWT", &trusted.claims()).expect("signed");
    let answer = trusted.present(&assertion, &[("scope", "read")]).await;
    let said = answer.good().json();
    assert_eq!(said["scope"], "read");
    assert_eq!(said["refresh_token"], Value::Null);
    let token = answer.text("access_token");
    trusted.world.lives(&token).await;
    let told = trusted.world.introspect(&token).await;
    assert!(told["sub"].as_str().expect("sub").starts_with("us_"));
    let again = trusted.present(&assertion, &[]).await;
    again.refused(400, "invalid_grant");
    trusted.world.lives(&token).await;
    let endpoint = format!("{}/oauth/token", trusted.world.issuer);
    trusted.with("aud", json!(endpoint)).await.good();
    trusted.with("aud", json!([endpoint])).await.good();
    trusted.world.lock_user().await;
    assert!(!trusted.world.is_active(&token).await);
}

#[tokio::test]
async fn each_claim_is_checked() {
    let trusted = Trusted::start().await;
    let now = now();
    let issuer = trusted.world.issuer.clone();
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("iss", json!("https://unknown.example")),
        ("iss", Value::Null),
        ("sub", json!("nobody")),
        ("sub", Value::Null),
        ("aud", json!("https://elsewhere.example")),
        ("aud", json!([issuer, "https://elsewhere.example"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("exp", json!(now - 1)),
        ("exp", json!(now + 4000)),
        ("exp", json!((now + 60).to_string())),
        ("exp", Value::Null),
        ("nbf", json!(now + 300)),
        ("iat", json!(now + 300)),
        ("iat", json!("now")),
        ("jti", json!("")),
        ("jti", json!("x".repeat(300))),
        ("jti", Value::Null),
    ] {
        let answer = trusted.with(name, value.clone()).await;
        assert_eq!(answer.status, 400, "{name} {value} {answer:?}");
        answer.refused(400, "invalid_grant");
    }
}

#[tokio::test]
async fn only_a_plain_jwt_of_the_issuers_key_is_believed() {
    let trusted = Trusted::start().await;
    let claims = trusted.claims();
    let stranger = key().sign("JWT", &claims).expect("signed");
    let typed = trusted.key.sign("at+jwt", &claims).expect("signed");
    let none = compact(&json!({ "alg": "none" }), &claims, b"");
    let zero = compact(&json!({ "alg": "ES256" }), &claims, &[0; 64]);
    for assertion in [stranger.as_str(), &typed, &none, &zero, "x", "a.b.c"] {
        let answer = trusted.present(assertion, &[]).await;
        answer.refused(400, "invalid_grant");
    }
    let good = trusted.key.sign("JWT", &claims).expect("signed");
    let more = trusted.present(&good, &[("scope", "admin")]).await;
    more.refused(400, "invalid_scope");
    let target = [("resource", "https://elsewhere.example/")];
    trusted
        .present(&good, &target)
        .await
        .refused(400, "invalid_target");
    let empty = [("grant_type", GRANT)];
    let call = trusted.client.call("/oauth/token", &empty);
    trusted
        .world
        .send(call)
        .await
        .refused(400, "invalid_request");
    // None of that has spent it.
    trusted.present(&good, &[]).await.good();
}

#[tokio::test]
async fn the_grant_is_announced_where_somebody_is_trusted() {
    let path = "/.well-known/oauth-authorization-server";
    let named = |answer: Answer| {
        let grants = answer.json()["grant_types_supported"].clone();
        grants.as_array().expect("a list").contains(&json!(GRANT))
    };
    let trusted = Trusted::start().await;
    assert!(named(trusted.world.send(Call::get(path)).await));
    let world = World::dev().await;
    let answer = world.send(Call::get(path)).await;
    let document = answer.json();
    for (name, at) in [
        (
            "device_authorization_endpoint",
            "/oauth/device_authorization",
        ),
        ("backchannel_authentication_endpoint", "/oauth/bc-authorize"),
    ] {
        assert_eq!(document[name], format!("{}{at}", world.issuer).as_str());
    }
    let modes = &document["backchannel_token_delivery_modes_supported"];
    assert_eq!(*modes, json!(["poll", "ping"]));
    assert!(!named(answer));
    // And nobody's assertion is believed.
    let client = Registration::new(&[GRANT], ClientDetails::default());
    let client = world.register(client).await;
    let pairs = [("grant_type", GRANT), ("assertion", "x")];
    let answer = world.send(client.call("/oauth/token", &pairs)).await;
    answer.refused(400, "invalid_grant");
}
