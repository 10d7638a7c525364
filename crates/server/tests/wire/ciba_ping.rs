//! CIBA in ping mode: the client is told that the person has answered, and polls then.

use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::browser::Form;
use crate::clients;
use crate::forge::now;
use crate::receiver::{Receiver, until, uri};
use crate::registered::{Registered, Registration};
use crate::wire::{Answer, Call};
use crate::world::World;

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const PATH: &str = "/oauth/bc-authorize";
const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

async fn registered(world: &World, details: ClientDetails) -> Registered {
    let registration = Registration::new(&[GRANT], details);
    world.register(registration).await
}

fn ping_at(uri: String) -> ClientDetails {
    ClientDetails {
        backchannel_token_delivery_mode: Some("ping".to_owned()),
        backchannel_client_notification_endpoint: Some(uri),
        ..ClientDetails::default()
    }
}

async fn ask(world: &World, client: &Registered, more: &[(&str, &str)]) -> Answer {
    let usual = [
        ("scope", "openid read"),
        ("login_hint", "dev"),
        ("client_notification_token", TOKEN),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(own, _)| own != name));
    let pairs: Vec<(&str, &str)> = kept.chain(more.iter().copied()).collect();
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, v)| !v.is_empty()).collect();
    world.send(client.call(PATH, &pairs)).await
}

async fn poll(world: &World, client: &Registered, id: &str) -> Answer {
    let pairs = [("grant_type", GRANT), ("auth_req_id", id)];
    world.send(client.call("/oauth/token", &pairs)).await
}

async fn answered(world: &World, decision: &str) {
    let (mut browser, set) = (world.browser(), world.set());
    let page = browser
        .log_in("/account/requests", &set.user, &set.password)
        .await;
    let form = Form::of(&page.body);
    let page = browser.submit(&form, &[("decision", decision)]).await;
    assert_eq!(page.status, 200, "{page:?}");
}

#[tokio::test]
async fn the_client_is_told_that_the_person_has_answered() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    let bank = registered(&world, ping_at(receiver.uri())).await;
    for (n, decision) in ["allow", "deny"].into_iter().enumerate() {
        let id = ask(&world, &bank, &[]).await.good().text("auth_req_id");
        assert_eq!(receiver.heard().len(), n, "nobody has answered yet");
        answered(&world, decision).await;
        let heard = receiver.hears(n + 1).await;
        let ping = heard.last().expect("a ping");
        assert!(ping.head.starts_with("POST /told HTTP/1.1"));
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(ping.header("authorization"), Some(bearer.as_str()));
        assert_eq!(ping.header("content-type"), Some("application/json"));
        let said: Value = serde_json::from_str(&ping.body).expect("JSON");
        assert_eq!(said, json!({ "auth_req_id": id }));
        let polled = poll(&world, &bank, &id).await;
        match decision {
            "allow" => drop(polled.good().text("id_token")),
            _ => drop(polled.refused(400, "access_denied")),
        }
    }
    until(|| async { world.waiting().await.is_empty() }).await;
    assert_eq!(receiver.heard().len(), 2);
}

/// What the client is told by is its secret, and so is what it polls with: neither is in the database in clear, and
/// neither goes beyond the client.
#[tokio::test]
async fn nothing_of_a_ping_lies_in_the_database() {
    let world = World::dev().await;
    let bank = registered(&world, ping_at(uri(Receiver::nowhere()))).await;
    let id = ask(&world, &bank, &[]).await.good().text("auth_req_id");
    answered(&world, "allow").await;
    until(|| async { world.waiting().await.iter().any(|own| own.failures > 0) }).await;
    let mut files = 0;
    for entry in std::fs::read_dir(world.folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a file");
        files += 1;
        for secret in [TOKEN, id.as_str()] {
            let found = bytes
                .windows(secret.len())
                .any(|own| own == secret.as_bytes());
            assert!(!found, "{path:?}");
        }
    }
    assert!(files > 1);
}

#[tokio::test]
async fn a_client_that_was_down_is_told_later() {
    let world = World::dev().await;
    let address = Receiver::nowhere();
    let bank = registered(&world, ping_at(uri(address))).await;
    let id = ask(&world, &bank, &[]).await.good().text("auth_req_id");
    answered(&world, "allow").await;
    until(|| async { world.waiting().await.iter().any(|own| own.failures > 0) }).await;
    // Meanwhile it may as well poll.
    poll(&world, &bank, &id).await.good();
    let receiver = Receiver::at(address).await;
    receiver.hears(1).await;
}

/// After the request has expired the ping would tell nothing.
#[tokio::test]
async fn a_ping_is_not_kept_beyond_its_request() {
    let world = World::dev().await;
    let bank = registered(&world, ping_at(uri(Receiver::nowhere()))).await;
    let asked = ask(&world, &bank, &[("requested_expiry", "90")]).await;
    asked.good();
    let end = SystemClock.now() + Duration::from_secs(90);
    answered(&world, "allow").await;
    let waiting = world.waiting().await;
    let [notice] = waiting.as_slice() else {
        panic!("{waiting:?}");
    };
    assert!(notice.until <= end, "{notice:?}");
}

#[tokio::test]
async fn who_polls_is_not_told() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    let poller = ClientDetails {
        backchannel_token_delivery_mode: Some("poll".to_owned()),
        ..ping_at(receiver.uri())
    };
    let poller = registered(&world, poller).await;
    let id = ask(&world, &poller, &[]).await.good().text("auth_req_id");
    answered(&world, "allow").await;
    assert!(world.waiting().await.is_empty());
    poll(&world, &poller, &id).await.good();
    assert_eq!(receiver.heard().len(), 0);
}

#[tokio::test]
async fn a_ping_takes_a_token_that_fits_into_a_header() {
    let world = World::dev().await;
    let bank = registered(&world, ping_at(uri(Receiver::nowhere()))).await;
    let (long, longest) = ("x".repeat(1025), "x".repeat(1024));
    for token in ["", &long, "a b", "a\r\nX-Evil: 1", "ä", "=", "a=b"] {
        let answer = ask(&world, &bank, &[("client_notification_token", token)]).await;
        answer.refused(400, "invalid_request");
    }
    let answer = ask(&world, &bank, &[("client_notification_token", &longest)]).await;
    answer.good();
}

/// A client that gave the person an ID token once may name them by it.
#[tokio::test]
async fn an_id_token_says_who_is_asked() {
    let world = World::dev().await;
    let bank = registered(&world, ClientDetails::default()).await;
    let other = registered(&world, ClientDetails::default()).await;
    let id = ask(&world, &bank, &[]).await.good().text("auth_req_id");
    answered(&world, "allow").await;
    let tokens = poll(&world, &bank, &id).await;
    let (id_token, access) = (tokens.text("id_token"), tokens.text("access_token"));
    for (client, hint, good) in [
        (&bank, id_token.as_str(), true),
        (&other, &id_token, false),
        (&bank, &access, false),
        (&bank, &format!("{id_token}x"), false),
    ] {
        let answer = ask_by_token(&world, client, hint).await;
        match good {
            true => drop(answer.good().text("auth_req_id")),
            false => drop(answer.refused(400, "invalid_request")),
        }
    }
    world.lock_user().await;
    let locked = ask_by_token(&world, &bank, &id_token).await;
    locked.refused(400, "unknown_user_id");
    // A name for one sector alone does not say who it is.
    let details = ClientDetails {
        pairwise: true,
        ..ClientDetails::default()
    };
    let pairwise = registered(&world, details).await;
    let refused = ask_by_token(&world, &pairwise, &id_token).await;
    refused.refused(400, "invalid_request");
}

async fn ask_by_token(world: &World, client: &Registered, hint: &str) -> Answer {
    ask(
        world,
        client,
        &[("login_hint", ""), ("id_token_hint", hint)],
    )
    .await
}

/// A client with a key of its own, and a request that is good.
async fn signer(world: &World, required: bool) -> (Registered, SigningKey, Value) {
    let key = clients::key("ES256");
    let signed_by = required.then(|| "ES256".to_owned());
    let details = ClientDetails {
        jwks: Some(json!({ "keys": [key.jwk()] })),
        backchannel_authentication_request_signing_alg: signed_by,
        ..ClientDetails::default()
    };
    let client = registered(world, details).await;
    let claims = json!({
        "iss": client.client_id, "aud": world.issuer, "iat": now(), "nbf": now(), "exp": now() + 60, "jti": "j1",
        "scope": "openid read", "login_hint": "dev", "requested_expiry": 90, "binding_message": "W4SCT",
    });
    (client, key, claims)
}

async fn sign_and_ask(
    world: &World,
    client: &Registered,
    key: &SigningKey,
    claims: &Value,
) -> Answer {
    let request = key.sign("JWT", claims).expect("signed");
    world
        .send(client.call(PATH, &[("request", &request)]))
        .await
}

#[tokio::test]
async fn a_signed_request_counts_and_nothing_beside_it() {
    let world = World::dev().await;
    for required in [false, true] {
        let (client, key, claims) = signer(&world, required).await;
        let answer = sign_and_ask(&world, &client, &key, &claims).await;
        assert_eq!(answer.good().json()["expires_in"], 90);
        let request = key.sign("JWT", &claims).expect("signed");
        let pairs = [("request", request.as_str()), ("login_hint", "dev")];
        let beside = world.send(client.call(PATH, &pairs)).await;
        beside.refused(400, "invalid_request");
        let bare = ask(&world, &client, &[]).await;
        match required {
            true => drop(bare.refused(400, "invalid_request")),
            false => drop(bare.good().text("auth_req_id")),
        }
    }
}

#[tokio::test]
async fn a_signed_request_is_refused_for_whatever_is_wrong_with_it() {
    let world = World::dev().await;
    let (client, key, claims) = signer(&world, false).await;
    let with = |name: &str, value: Value| clients::with(claims.clone(), name, value);
    for bad in [
        with("iss", "another".into()),
        with("aud", "https://elsewhere.example".into()),
        with("exp", (now() - 60).into()),
        with("exp", (now() + 7200).into()),
        with("exp", format!("{}", now() + 60).into()),
        with("nbf", (now() + 3600).into()),
        with("iat", Value::Null),
        with("nbf", Value::Null),
        with("jti", Value::Null),
        with("sub", client.client_id.as_str().into()),
        with("response_type", "code".into()),
        with("client_secret", "x".into()),
        with("request", "x".into()),
        with("binding_message", json!({ "x": 1 })),
        with("requested_expiry", json!([90])),
    ] {
        let answer = sign_and_ask(&world, &client, &key, &bad).await;
        answer.refused(400, "invalid_request");
    }
    let stranger = clients::key("ES256");
    let answer = sign_and_ask(&world, &client, &stranger, &claims).await;
    answer.refused(400, "invalid_request");
    let typed = key.sign("at+jwt", &claims).expect("signed");
    for request in [typed.as_str(), "x", "a.b.c", ""] {
        let answer = world.send(client.call(PATH, &[("request", request)])).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    let keyless = registered(&world, ClientDetails::default()).await;
    let claims = clients::with(claims.clone(), "iss", keyless.client_id.as_str().into());
    let answer = sign_and_ask(&world, &keyless, &key, &claims).await;
    answer.refused(400, "invalid_request");
}

#[tokio::test]
async fn it_is_published_and_can_be_registered() {
    let world = World::dev().await;
    let document = Call::get("/.well-known/openid-configuration");
    let document = world.send(document).await.json();
    let modes = &document["backchannel_token_delivery_modes_supported"];
    assert_eq!(modes, &json!(["poll", "ping"]));
    assert_eq!(document["backchannel_user_code_parameter_supported"], false);
    let register = |mode: &str, endpoint: Option<&str>| {
        let metadata = json!({
            "grant_types": [GRANT], "response_types": [], "scope": "openid read",
            "backchannel_token_delivery_mode": mode, "backchannel_client_notification_endpoint": endpoint,
            "backchannel_authentication_request_signing_alg": "ES256",
        });
        Call::post("/oauth/register").json(&metadata.to_string())
    };
    let endpoint = Some("https://app.example/ping");
    let made = world.send(register("ping", endpoint)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let said = made.json();
    assert_eq!(said["backchannel_token_delivery_mode"], "ping");
    assert_eq!(
        said["backchannel_client_notification_endpoint"],
        "https://app.example/ping"
    );
    assert_eq!(
        said["backchannel_authentication_request_signing_alg"],
        "ES256"
    );
    for (mode, endpoint) in [
        ("ping", None),
        ("push", endpoint),
        ("ping", Some("http://app.example/ping")),
    ] {
        let answer = world.send(register(mode, endpoint)).await;
        answer.refused(400, "invalid_client_metadata");
    }
}
