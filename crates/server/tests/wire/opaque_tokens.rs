//! Opaque access tokens: good wherever a JWT is, and telling nobody anything.

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::decide::details::ClientDetails;
use serde_json::json;

use crate::pairs::Pairs;
use crate::prover::Prover;
use crate::registered::{Registered, Registration};
use crate::wire::{Answer, Call};
use crate::world::{Tokens, World};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ORDERS: &str = "https://orders.example/";

/// A server whose default resource has opaque tokens, so that every client's are.
async fn world() -> World {
    let issuer = format!("http://127.0.0.1:{}", crate::world::free_port());
    World::dev_with(|config| {
        let port = issuer.rsplit(':').next().and_then(|port| port.parse().ok());
        config.listen.set_port(port.expect("a port"));
        config.tokens.opaque_resources = vec![format!("{issuer}/api")];
    })
    .await
}

fn is_opaque(token: &str) {
    let bytes = opaque::decode(opaque::ACCESS_TOKEN, token).expect("a prefix and a checksum");
    assert!(bytes.len() >= 32, "256 bits");
}

async fn for_itself(world: &World, client: &Registered, more: &[(&str, &str)]) -> Answer {
    let pairs = Pairs::of(&[("grant_type", "client_credentials"), ("scope", "read")]);
    let call = Call::post("/oauth/token").basic(&client.client_id, &client.secret);
    world.send(call.form(&pairs.with_all(more))).await
}

#[tokio::test]
async fn they_are_good_everywhere_until_they_are_not() {
    let world = world().await;
    let tokens = world.tokens().await;
    is_opaque(&tokens.access);
    world.lives(&tokens.access).await;
    let said = world.introspect(&tokens.access).await;
    assert_eq!(said["aud"], json!([format!("{}/api", world.issuer)]));
    assert_eq!(
        (&said["scope"], &said["token_type"]),
        (&json!("read"), &json!("Bearer"))
    );
    assert_eq!(said["client_id"], world.set().client_id.as_str());
    assert!(said["exp"].as_u64() > said["iat"].as_u64());
    // Its own revocation ends this one alone.
    let next = Tokens::of(&world.refresh(&tokens.refresh).await);
    is_opaque(&next.access);
    world.about("/oauth/revoke", &tokens.access).await.good();
    world.is_dead(&tokens.access).await;
    world.lives(&next.access).await;
    // The grant's ends all that came from it.
    world.about("/oauth/revoke", &next.refresh).await.good();
    world.is_dead(&next.access).await;
}

#[tokio::test]
async fn userinfo_takes_them() {
    let world = world().await;
    let code = world.code(&world.openid()).await;
    let answer = world.redeem(&code).await;
    // The ID token stands beside this very access token.
    let claims = world.checked(&answer, Some("n1")).await;
    let token = answer.text("access_token");
    is_opaque(&token);
    let said = world
        .send(Call::get("/oauth/userinfo").bearer(&token))
        .await;
    assert_eq!(said.json()["sub"], claims.sub.as_str());
    world.lock_user().await;
    let locked = world
        .send(Call::get("/oauth/userinfo").bearer(&token))
        .await;
    assert_eq!(locked.status, 401, "{locked:?}");
    world.is_dead(&token).await;
}

/// Nobody makes one up, and no typing error finds one.
#[tokio::test]
async fn what_is_not_one_is_good_for_nothing() {
    let world = world().await;
    let token = world.tokens().await.access;
    let payload = opaque::decode(opaque::ACCESS_TOKEN, &token).expect("a token");
    let key = opaque::encode(opaque::API_KEY, &payload);
    let another = opaque::encode(opaque::ACCESS_TOKEN, &[7; 32]);
    let cut = token.get(..token.len() - 1).expect("ASCII");
    for bad in [
        key.expose(),
        another.expose(),
        cut,
        &format!("{token}A"),
        &token.to_uppercase(),
    ] {
        assert!(!world.is_active(bad).await);
        assert_eq!(world.data(bad).await.status, 401);
        world.about("/oauth/revoke", bad).await.good();
    }
    world.lives(&token).await;
}

/// Another client's token is not this client's to revoke.
#[tokio::test]
async fn strangers_cannot_revoke_them() {
    let world = world().await;
    let token = world.tokens().await.access;
    let other = Registration::new(&["client_credentials"], ClientDetails::default());
    let other = world.register(other).await;
    let refused = world
        .send(other.call("/oauth/revoke", &[("token", &token)]))
        .await;
    assert_ne!(refused.status, 200, "{refused:?}");
    world.lives(&token).await;
}

/// The database keeps the SHA-256 alone.
#[tokio::test]
async fn they_are_not_in_the_database() {
    let world = world().await;
    let token = world.tokens().await.access;
    for entry in std::fs::read_dir(world.folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes
            .windows(token.len())
            .any(|own| own == token.as_bytes());
        assert!(!found, "{path:?}");
    }
}

#[tokio::test]
async fn a_bound_one_is_good_with_its_key_alone() {
    let world = world().await;
    let prover = Prover::new();
    let token = crate::dpop::bound(&world, &prover).await;
    is_opaque(&token);
    let said = world.introspect(&token).await;
    assert_eq!(said["cnf"], json!({ "jkt": prover.jkt() }));
    assert_eq!(world.data(&token).await.status, 401);
    let proof = |prover: &Prover, token: &str| {
        let proof = prover.proof("GET", &format!("{}/api/data", world.issuer));
        prover.sign(&proof.claim("ath", gatepass_proto::Digest::of(token).to_base64url()))
    };
    let call = |proof: String| {
        let call = Call::get("/api/data").header("Authorization", format!("DPoP {token}"));
        call.header("DPoP", proof)
    };
    let stranger = Prover::new();
    assert_eq!(world.send(call(proof(&stranger, &token))).await.status, 401);
    let answer = world.send(call(proof(&prover, &token))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn one_is_exchanged_for_another_and_dies_with_the_same_grant() {
    let world = world().await;
    let details = ClientDetails {
        may_exchange: vec![world.set().client_id.clone()],
        ..ClientDetails::default()
    };
    let registration = Registration {
        resources: vec![ORDERS.to_owned()],
        ..Registration::new(&[EXCHANGE], details)
    };
    let service = world.register(registration).await;
    let subject = world.tokens().await;
    let exchange = |more: &[(&str, &str)]| {
        let pairs = Pairs::of(&[
            ("grant_type", EXCHANGE),
            ("subject_token", &subject.access),
            ("subject_token_type", ACCESS),
        ]);
        let call = Call::post("/oauth/token").basic(&service.client_id, &service.secret);
        call.form(&pairs.with_all(more))
    };
    let same = world.send(exchange(&[])).await.good().text("access_token");
    is_opaque(&same);
    // Another resource has JWTs.
    let other = world.send(exchange(&[("resource", ORDERS)])).await;
    let other = other.good().text("access_token");
    assert_eq!(crate::id_tokens::part(&other, 1)["aud"], ORDERS);
    let more = world.send(exchange(&[("scope", "read write")])).await;
    more.refused(400, "invalid_scope");
    for token in [&same, &other] {
        assert!(world.is_active(token).await);
    }
    world.about("/oauth/revoke", &subject.refresh).await.good();
    for token in [&same, &other] {
        assert!(!world.is_active(token).await);
    }
}

#[tokio::test]
async fn a_client_may_have_them_alone() {
    let world = World::dev().await;
    let details = ClientDetails {
        opaque_access_tokens: true,
        ..ClientDetails::default()
    };
    let own = world
        .register(Registration::new(&["client_credentials"], details))
        .await;
    let answer = for_itself(&world, &own, &[]).await;
    let token = answer.good().text("access_token");
    is_opaque(&token);
    world.lives(&token).await;
    // Everybody else's are as they were.
    let jwt = world.tokens().await.access;
    assert_eq!(crate::id_tokens::part(&jwt, 0)["typ"], "at+jwt");
}

#[tokio::test]
async fn they_expire_and_are_swept() {
    let world = World::dev().await;
    world
        .client("brief", |client| {
            client.access_token_ttl = Some(1);
            let details = std::sync::Arc::make_mut(&mut client.details);
            details.opaque_access_tokens = true;
        })
        .await;
    let brief = Registered {
        client_id: "brief".to_owned(),
        secret: world.set().client_secret.clone(),
    };
    let token = for_itself(&world, &brief, &[])
        .await
        .good()
        .text("access_token");
    crate::receiver::until(|| async { !world.is_active(&token).await }).await;
    world.is_dead(&token).await;
    let database = world.database().await;
    let later = SystemClock.now() + std::time::Duration::from_secs(1);
    database.sweep(later, 1000).await.expect("swept");
    let key = gatepass_proto::decide::record::Key::Item {
        space: "access_token",
        digest: gatepass_proto::Digest::of(&token),
    };
    let found = database.load(&[key]).await.expect("it answers");
    assert_eq!(found, [None]);
}
