//! Rich authorization requests (RFC 9396).

use serde_json::{Value, json};

use crate::browser::Form;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{Tokens, World, authorize, redemption};

const CLIENT: &str = "cl_pays";

async fn world() -> World {
    let world = World::dev_with(|config| {
        config.requests.authorization_details_types =
            ["payment", "account", "unused"].map(str::to_owned).to_vec();
    })
    .await;
    world
        .detailed(CLIENT, |details| {
            details.authorization_details_types = ["payment", "account", "elsewhere"]
                .map(str::to_owned)
                .to_vec();
        })
        .await;
    world
}

fn wanted() -> Value {
    json!([
        {
            "type": "payment", "actions": ["initiate", "status"], "identifier": "7",
            "instructedAmount": { "currency": "EUR", "amount": "123.50" },
            "creditorName": "<b>Merchant</b>",
        },
        { "type": "account", "locations": ["https://bank.example/accounts"] },
    ])
}

fn request(world: &World, details: &Value) -> Pairs {
    let request = world.request().with("client_id", CLIENT);
    request.with("authorization_details", &details.to_string())
}

async fn token(world: &World, pairs: &[(&str, &str)]) -> Answer {
    let call = Call::post("/oauth/token").basic(CLIENT, &world.set().client_secret);
    world.send(call.form(&Pairs::of(pairs))).await
}

async fn code(world: &World, details: &Value) -> String {
    let target = authorize(&request(world, details));
    let answer = world.logged_in().await.decide(&target, "allow").await;
    answer.location().get("code").expect("a code").to_owned()
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).expect("a payload");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_person_reads_what_is_asked_for() {
    let world = world().await;
    let target = authorize(&request(&world, &wanted()));
    let page = world.logged_in().await.get(&target).await;
    assert_eq!(page.status, 200, "{page:?}");
    for words in [
        "Payment <code>payment</code>",
        "Instructed amount",
        "amount: 123.50; currency: EUR",
        "initiate, status",
        "Account <code>account</code>",
        "https://bank.example/accounts",
    ] {
        assert!(page.body.contains(words), "{words}: {page:?}");
    }
    assert!(!page.body.contains("<b>Merchant"), "{page:?}");
    assert!(Form::of(&page.body).action.starts_with("/oauth/consent"));
}

#[tokio::test]
async fn it_is_in_the_answer_the_token_and_the_introspection() {
    let world = world().await;
    let code = code(&world, &wanted()).await;
    let answer = token(&world, &redemption(&code)).await;
    assert_eq!(answer.good().json()["authorization_details"], wanted());
    let tokens = Tokens::of(&answer);
    assert_eq!(claims(&tokens.access)["authorization_details"], wanted());
    let said = world.introspect(&tokens.access).await;
    assert_eq!(said["authorization_details"], wanted());

    let answer = token(&world, &refresh(&tokens.refresh)).await;
    assert_eq!(answer.good().json()["authorization_details"], wanted());
}

fn refresh(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

#[tokio::test]
async fn who_asks_for_nothing_of_it_has_nothing_of_it() {
    let world = world().await;
    let tokens = world.tokens().await;
    assert_eq!(claims(&tokens.access)["authorization_details"], Value::Null);
    let more = json!([{ "type": "payment" }]).to_string();
    let pairs = Pairs::of(&refresh(&tokens.refresh)).and("authorization_details", &more);
    let set = world.set();
    let call = Call::post("/oauth/token").basic(&set.client_id, &set.client_secret);
    world
        .send(call.form(&pairs))
        .await
        .refused(400, "invalid_authorization_details");
}

#[tokio::test]
async fn less_may_be_had_and_never_more() {
    let world = world().await;
    let code = code(&world, &wanted()).await;
    let more =
        json!([{ "type": "account", "locations": ["https://bank.example/all"] }]).to_string();
    let less = json!([{
        "type": "payment", "actions": ["status"], "identifier": "7",
        "instructedAmount": { "currency": "EUR", "amount": "123.50" }, "creditorName": "<b>Merchant</b>",
    }]);
    let narrowed = less.to_string();
    let ask = async |pairs: &[(&str, &str)], details: &str| {
        let all = [pairs, &[("authorization_details", details)]].concat();
        token(&world, &all).await
    };
    ask(&redemption(&code), &more)
        .await
        .refused(400, "invalid_authorization_details");
    let answer = ask(&redemption(&code), &narrowed).await;
    assert_eq!(answer.good().json()["authorization_details"], less);
    let tokens = Tokens::of(&answer);
    assert_eq!(claims(&tokens.access)["authorization_details"], less);
    for wrong in [more.as_str(), "x", "[]", r#"[{"type":"payment"}]"#] {
        ask(&refresh(&tokens.refresh), wrong)
            .await
            .refused(400, "invalid_authorization_details");
    }
    // The consent was to all of it.
    let answer = token(&world, &refresh(&tokens.refresh)).await;
    assert_eq!(answer.good().json()["authorization_details"], wanted());
    let answer = ask(&refresh(&answer.text("refresh_token")), &narrowed).await;
    assert_eq!(answer.good().json()["authorization_details"], less);
}

#[tokio::test]
async fn what_is_malformed_or_not_allowed_is_refused() {
    let world = world().await;
    let many = Value::from(vec![json!({ "type": "payment" }); 17]);
    for details in [
        json!({}),
        json!([]),
        json!([{}]),
        json!([{ "type": 7 }]),
        json!([{ "type": "payment", "actions": "all" }]),
        json!([{ "type": "payment", "x": [[[[[[[1]]]]]]] }]),
        json!([{ "type": "unknown" }]),
        // The server has it, but the client did not register it; and the other way round.
        json!([{ "type": "unused" }]),
        json!([{ "type": "elsewhere" }]),
        json!([{ "type": "payment" }, { "type": "unknown" }]),
        many,
    ] {
        let request = request(&world, &details);
        let back = world.browser().get(&authorize(&request)).await.location();
        let error = back.get("error");
        assert_eq!(error, Some("invalid_authorization_details"), "{details}");
        world
            .push(&request)
            .await
            .refused(400, "invalid_authorization_details");
    }
    let other = request(&world, &wanted()).with("client_id", &world.set().client_id);
    let back = world.browser().get(&authorize(&other)).await.location();
    assert_eq!(back.get("error"), Some("invalid_authorization_details"));
}

#[tokio::test]
async fn a_client_asks_for_itself() {
    let world = world().await;
    let details = json!([{ "type": "account" }]);
    let text = details.to_string();
    let asked = [
        ("grant_type", "client_credentials"),
        ("authorization_details", text.as_str()),
    ];
    let answer = token(&world, &asked).await;
    assert_eq!(answer.good().json()["authorization_details"], details);
    let wrong = [
        asked[0],
        ("authorization_details", r#"[{"type":"unused"}]"#),
    ];
    token(&world, &wrong)
        .await
        .refused(400, "invalid_authorization_details");
}

#[tokio::test]
async fn the_metadata_names_the_types() {
    let world = world().await;
    let metadata = Call::get("/.well-known/oauth-authorization-server");
    let said = world.send(metadata).await.json();
    let types = json!(["payment", "account", "unused"]);
    assert_eq!(said["authorization_details_types_supported"], types);
}
