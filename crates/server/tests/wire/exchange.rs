//! Token exchange (RFC 8693): what comes out is never more than what went in.

use gatepass_proto::decide::details::ClientDetails;
use serde_json::{Value, json};

use crate::browser::Form;
use crate::pairs::Pairs;
use crate::registered::{Registered, Registration};
use crate::wire::Answer;
use crate::world::{Tokens, World, authorize};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ORDERS: &str = "https://orders.example/";

/// A service that may exchange the ready-made client's tokens.
async fn service(world: &World) -> Registered {
    let details = ClientDetails {
        may_exchange: vec![world.set().client_id.clone()],
        ..ClientDetails::default()
    };
    let registration = Registration {
        resources: vec![ORDERS.to_owned()],
        ..Registration::new(&[GRANT, "client_credentials", "refresh_token"], details)
    };
    world.register(registration).await
}

async fn exchange(
    world: &World,
    client: &Registered,
    token: &str,
    more: &[(&str, &str)],
) -> Answer {
    let usual = [
        ("grant_type", GRANT),
        ("subject_token", token),
        ("subject_token_type", ACCESS),
    ];
    let pairs = more
        .iter()
        .fold(Pairs::of(&usual), |all, (name, value)| match *name {
            "audience" => all.and(name, value),
            _ => all.with(name, value),
        });
    let call = crate::wire::Call::post("/oauth/token");
    let call = call.basic(&client.client_id, &client.secret);
    world.send(call.form(&pairs)).await
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).expect("a JWT");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}

async fn own_token(world: &World, client: &Registered) -> String {
    let pairs = [("grant_type", "client_credentials"), ("scope", "read")];
    let answer = world.send(client.call("/oauth/token", &pairs)).await;
    answer.good().text("access_token")
}

#[tokio::test]
async fn a_token_for_another_place_that_is_no_more_than_the_first() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = world.tokens().await;
    let before = claims(&subject.access);
    let answer = exchange(&world, &service, &subject.access, &[("resource", ORDERS)]).await;
    let said = answer.good().json();
    assert_eq!(said["issued_token_type"], ACCESS);
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!(said["refresh_token"], Value::Null);
    assert_eq!(said["id_token"], Value::Null);
    let token = answer.text("access_token");
    let after = claims(&token);
    for same in ["sub", "iss", "grant_id", "scope"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["aud"], ORDERS);
    assert_eq!(after["client_id"], service.client_id.as_str());
    assert_eq!(after["act"], Value::Null);
    assert_ne!(after["jti"], before["jti"]);
    assert!(after["exp"].as_u64() <= before["exp"].as_u64());
    assert!(world.is_active(&token).await);
    // It dies with the grant that the first came from.
    world.about("/oauth/revoke", &subject.refresh).await.good();
    assert!(!world.is_active(&token).await);
    let dead = exchange(&world, &service, &subject.access, &[]).await;
    dead.refused(400, "invalid_request");
}

#[tokio::test]
async fn without_a_target_it_is_for_the_same_place() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = world.tokens().await;
    let answer = exchange(&world, &service, &subject.access, &[]).await;
    let token = answer.good().text("access_token");
    assert_eq!(claims(&token)["aud"], claims(&subject.access)["aud"]);
    world.lives(&token).await;
    let api = format!("{}/api", world.issuer);
    let both = [("audience", api.as_str()), ("audience", ORDERS)];
    let answer = exchange(&world, &service, &subject.access, &both).await;
    assert_eq!(
        claims(&answer.good().text("access_token"))["aud"],
        json!([api, ORDERS])
    );
}

#[tokio::test]
async fn who_acts_is_said_and_who_acted_before() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = world.tokens().await;
    let actor = own_token(&world, &service).await;
    let acting = [
        ("actor_token", actor.as_str()),
        ("actor_token_type", ACCESS),
    ];
    let answer = exchange(&world, &service, &subject.access, &acting).await;
    let first = answer.good().text("access_token");
    let own = json!({ "sub": service.client_id, "client_id": service.client_id });
    assert_eq!(claims(&first)["act"], own);
    assert_eq!(world.introspect(&first).await["act"], own);
    assert_eq!(claims(&first)["sub"], claims(&subject.access)["sub"]);
    let answer = exchange(&world, &service, &first, &acting).await;
    let nested =
        json!({ "sub": service.client_id, "client_id": service.client_id, "act": own.clone() });
    let mut token = answer.good().text("access_token");
    assert_eq!(claims(&token)["act"], nested);
    // Without an actor the history stays.
    let kept = exchange(&world, &service, &first, &[]).await;
    assert_eq!(claims(&kept.good().text("access_token"))["act"], own);
    for _ in 0..6 {
        let answer = exchange(&world, &service, &token, &acting).await;
        token = answer.good().text("access_token");
    }
    let ninth = exchange(&world, &service, &token, &acting).await;
    ninth.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_clients_own_token_may_be_exchanged_too() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = own_token(&world, &service).await;
    let answer = exchange(&world, &service, &subject, &[("resource", ORDERS)]).await;
    let after = claims(&answer.good().text("access_token"));
    assert_eq!(after["sub"], service.client_id.as_str());
    assert_eq!(after["scope"], "read");
}

#[tokio::test]
async fn nothing_is_widened() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = world.tokens().await;
    for (more, code) in [
        (("scope", "read write"), "invalid_scope"),
        (("scope", "admin"), "invalid_scope"),
        (("scope", "\""), "invalid_scope"),
        (("resource", "https://elsewhere.example/"), "invalid_target"),
        (("audience", "elsewhere"), "invalid_target"),
    ] {
        let answer = exchange(&world, &service, &subject.access, &[more]).await;
        answer.refused(400, code);
    }
    // The subject has read-write, which is not for this client.
    let code = world
        .code(&world.request().with("scope", "read-write"))
        .await;
    let subject = world.redeem(&code).await.good().text("access_token");
    let answer = exchange(&world, &service, &subject, &[]).await;
    answer.refused(400, "invalid_scope");
    let answer = exchange(&world, &service, &subject, &[("scope", "read-write")]).await;
    answer.refused(400, "invalid_scope");
}

#[tokio::test]
async fn whose_tokens_is_a_matter_of_policy() {
    let world = World::dev().await;
    let service = service(&world).await;
    let stranger = Registration::new(&[GRANT, "client_credentials"], ClientDetails::default());
    let stranger = world.register(stranger).await;
    let subject = world.tokens().await;
    let answer = exchange(&world, &stranger, &subject.access, &[]).await;
    answer.refused(400, "invalid_request");
    let foreign = own_token(&world, &stranger).await;
    let acting = [
        ("actor_token", foreign.as_str()),
        ("actor_token_type", ACCESS),
    ];
    let answer = exchange(&world, &service, &subject.access, &acting).await;
    answer.refused(400, "invalid_request");
    let without = Registration::new(&["client_credentials"], ClientDetails::default());
    let without = world.register(without).await;
    let answer = exchange(&world, &without, &subject.access, &[]).await;
    answer.refused(400, "unauthorized_client");
    let public = Registration {
        public: true,
        ..Registration::new(&[GRANT], ClientDetails::default())
    };
    let public = world.register(public).await;
    let pairs = Pairs::of(&[
        ("grant_type", GRANT),
        ("client_id", &public.client_id),
        ("subject_token", &subject.access),
        ("subject_token_type", ACCESS),
    ]);
    let call = crate::wire::Call::post("/oauth/token").form(&pairs);
    world.send(call).await.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn what_is_no_good_token_is_refused() {
    let world = World::dev().await;
    let service = service(&world).await;
    let subject = world.tokens().await;
    let refresh = "urn:ietf:params:oauth:token-type:refresh_token";
    for more in [
        ("subject_token", "x"),
        ("subject_token", ""),
        ("subject_token", subject.refresh.as_str()),
        ("subject_token_type", ""),
        ("subject_token_type", refresh),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("requested_token_type", refresh),
        ("actor_token", subject.access.as_str()),
        ("actor_token_type", ACCESS),
    ] {
        let answer = exchange(&world, &service, &subject.access, &[more]).await;
        answer.refused(400, "invalid_request");
    }
    let tampered = format!("{}A", subject.access);
    let answer = exchange(&world, &service, &tampered, &[]).await;
    answer.refused(400, "invalid_request");
    world.lock_user().await;
    let answer = exchange(&world, &service, &subject.access, &[]).await;
    answer.refused(400, "invalid_request");
}

/// Whatever ends the grant that the first token came from ends the token that was made of it.
#[tokio::test]
async fn it_dies_with_its_subjects_grant() {
    for how in ["revocation", "withdrawal", "password", "lock", "logout"] {
        let world = World::dev().await;
        let service = service(&world).await;
        let mut browser = world.logged_in().await;
        let consent = authorize(&world.request());
        let back = browser.decide(&consent, "allow").await.location();
        let redeemed = world.redeem(back.get("code").expect("a code")).await;
        let subject = Tokens::of(&redeemed);
        let answer = exchange(&world, &service, &subject.access, &[]).await;
        let token = answer.good().text("access_token");
        assert!(world.is_active(&token).await);
        let (admin, user) = (world.admin().await, &world.set().user);
        match how {
            "revocation" => drop(world.about("/oauth/revoke", &subject.refresh).await),
            "withdrawal" => {
                let ended = admin.revoke_grants_of(user, None).await;
                assert_eq!(ended.expect("withdrawn"), 1);
            }
            "password" => {
                let password = gatepass_proto::Secret::new("correct horse battery staple");
                let changed = admin.set_password(user, &password).await;
                changed.expect("changed");
            }
            "lock" => drop(admin.lock_user(user).await.expect("locked")),
            _ => {
                let page = browser.get("/oauth/logout").await;
                let answer = browser.submit(&Form::of(&page.body), &[]).await;
                assert!(answer.body.contains("Logged out"), "{answer:?}");
            }
        }
        assert!(!world.is_active(&token).await, "{how}");
        let again = exchange(&world, &service, &token, &[]).await;
        again.refused(400, "invalid_request");
    }
}
