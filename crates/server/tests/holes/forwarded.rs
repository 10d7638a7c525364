//! Headers that a proxy would set, sent by whoever likes.

use serde_json::{Value, json};

use crate::pairs::Pairs;
use crate::wire::{Answer, Call, exchange};
use crate::world::{World, authorize};

/// Every way of saying that this request came from elsewhere.
fn claiming(call: Call, host: &str, address: &str) -> Call {
    call.header("X-Forwarded-For", address)
        .header("X-Real-IP", address)
        .header("True-Client-IP", address)
        .header(
            "Forwarded",
            format!("for={address};host={host};proto=https"),
        )
        .header("X-Forwarded-Host", host)
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Port", "444")
        .header("X-Forwarded-Prefix", "/evil")
        .header("X-Original-URL", "/evil")
}

/// Whoever is throttled by address takes another for each request.
#[tokio::test]
async fn x_forwarded_for_changes_the_throttled_address() {
    let world = World::dev().await;
    let metadata = json!({ "redirect_uris": ["https://app.example/cb"] }).to_string();
    let mut last = None;
    for n in 0..61 {
        let call = Call::post("/oauth/register").json(&metadata);
        let call = claiming(call, "evil.example", &format!("198.51.100.{n}"));
        last = Some(world.send(call).await);
    }
    let last = last.expect("sixty-one");
    last.refused(429, "temporarily_unavailable");
}

/// Sends a request whose `Host` is another, however it is said.
async fn elsewhere(world: &World, call: &Call, host: &str) -> Vec<Answer> {
    let plain = call.bytes();
    let text = String::from_utf8(plain).expect("ASCII");
    let named = text.replacen("Host: server", &format!("Host: {host}"), 1);
    let absolute = text.replacen(" /", &format!(" http://{host}/"), 1);
    let mut answers = vec![
        world
            .send(claiming(call.clone(), host, "198.51.100.1"))
            .await,
    ];
    for text in [named, absolute] {
        answers.push(Answer::read(
            &exchange(world.address, text.as_bytes()).await,
        ));
    }
    answers
}

/// Where a link, a token or a document takes the server's name from the request, a thief chooses it (as with links in
/// mails that lead to the thief), and a cache keeps it.
#[tokio::test]
async fn forwarded_host_changes_the_issuer() {
    let world = World::dev().await;
    let set = world.set();
    let device = Pairs::of(&[("scope", "read"), ("client_id", &set.public_client_id)]);
    let registration = json!({ "redirect_uris": ["https://app.example/cb"] }).to_string();
    let refused = world.request().with("response_type", "token");
    let calls = [
        Call::get("/.well-known/openid-configuration"),
        Call::get("/.well-known/oauth-authorization-server"),
        Call::post("/oauth/device_authorization").form(&device),
        Call::post("/oauth/register").json(&registration),
        Call::get(authorize(&world.request())),
        Call::get(authorize(&refused)),
        Call::get("/api/data"),
        Call::get("/account"),
        world.token_call(&[("grant_type", "client_credentials")]),
    ];
    for call in calls {
        let plain = world.send(call.clone()).await;
        for answer in elsewhere(&world, &call, "evil.example").await {
            assert_eq!(answer.status, plain.status, "{answer:?}");
            let whole = format!("{answer:?}");
            assert!(!whole.contains("evil"), "{whole}");
            assert_eq!(names(&answer), names(&plain));
        }
    }
    let token = world.token(&[("grant_type", "client_credentials")]).await;
    let said = world.introspect(&token.text("access_token")).await;
    assert_eq!(said["iss"], world.issuer.as_str());
}

/// What an answer says of the server's own place.
fn names(answer: &Answer) -> Vec<String> {
    let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let members = [
        "issuer",
        "token_endpoint",
        "jwks_uri",
        "verification_uri",
        "token_type",
    ];
    let said = members.map(|name| format!("{:?}", document.get(name)));
    let headers = ["location", "www-authenticate"].map(|name| answer.all(name).join(", "));
    said.into_iter().chain(headers).collect()
}
