//! Answers that are signed (JARM), and answers that are posted.

use gatepass_proto::jose::{KeySet, jarm};
use gatepass_proto::{Params, Timestamp};
use serde_json::json;

use crate::browser::Form;
use crate::forge::now;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{CALLBACK, Tokens, World, authorize};

async fn keys(world: &World) -> KeySet {
    let answer = world.send(Call::get("/jwks.json")).await;
    KeySet::parse(answer.body.as_bytes()).expect("keys")
}

/// What a signed answer says, checked as a client does.
async fn opened(world: &World, client_id: &str, carried: &Pairs) -> Params {
    let names: Vec<&str> = carried.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["response"], "nothing goes beside it");
    let response = carried.get("response").expect("an answer");
    let (keys, now) = (keys(world).await, Timestamp::from_secs(now()));
    let params = jarm::check(response, &keys, &world.issuer, client_id, now);
    let params = params.expect("it is believed");
    assert_eq!(params.get("iss"), Some(world.issuer.as_str()));
    assert_eq!(params.get("state"), Some("s1"));
    assert!(jarm::check(response, &keys, &world.issuer, "cl_other", now).is_err());
    params
}

/// What a page posts to the client.
fn posted(answer: &Answer) -> Pairs {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.is_private();
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self' http:;"), "{policy}");
    let form = Form::of(&answer.body);
    assert_eq!(form.action, CALLBACK);
    form.hidden
}

fn header(token: &str) -> serde_json::Value {
    use base64::Engine as _;
    let head = token.split('.').next().expect("a header");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn every_mode_brings_a_code_and_a_denial() {
    let world = World::dev().await;
    let client_id = world.set().client_id.as_str();
    let mut browser = world.logged_in().await;
    for mode in ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"] {
        let target = authorize(&world.request().with("response_mode", mode));
        for (decision, member) in [("allow", "code"), ("deny", "error")] {
            let answer = browser.decide(&target, decision).await;
            let carried = match mode.starts_with("form_post") {
                true => posted(&answer),
                false => answer.location(),
            };
            let params = match mode.ends_with("jwt") {
                true => opened(&world, client_id, &carried).await,
                false => Params::parse_form(carried.form().as_bytes()).expect("a form"),
            };
            assert_eq!(params.get("iss"), Some(world.issuer.as_str()));
            assert_eq!(params.get("state"), Some("s1"));
            let said = params.get(member).expect(member);
            if member == "code" {
                Tokens::of(&world.redeem(said).await);
            } else {
                assert_eq!(said, "access_denied");
            }
        }
    }
}

#[tokio::test]
async fn errors_travel_as_the_answer_would() {
    let world = World::dev().await;
    let client_id = world.set().client_id.as_str();
    let wrong = world.request().with("scope", "admin");
    let ask = async |mode: &str| {
        let target = authorize(&wrong.clone().with("response_mode", mode));
        world.browser().get(&target).await
    };
    let signed = opened(&world, client_id, &ask("jwt").await.location()).await;
    assert_eq!(signed.get("error"), Some("invalid_scope"));
    let signed = opened(&world, client_id, &posted(&ask("form_post.jwt").await)).await;
    assert_eq!(signed.get("error"), Some("invalid_scope"));
    let plain = posted(&ask("form_post").await);
    assert_eq!(plain.get("error"), Some("invalid_scope"));
    assert_eq!(plain.get("iss"), Some(world.issuer.as_str()));
    for mode in ["fragment", "fragment.jwt", "QUERY", "web_message"] {
        let back = ask(mode).await.location();
        assert_eq!(back.get("error"), Some("invalid_request"), "{mode}");
    }
}

#[tokio::test]
async fn the_registered_algorithm_signs() {
    let world = World::dev().await;
    world
        .detailed("cl_es256", |details| {
            details.authorization_signed_response_alg = Some("ES256".to_owned());
        })
        .await;
    let mut browser = world.logged_in().await;
    let usual = world.set().client_id.as_str();
    for (client_id, alg) in [(usual, "RS256"), ("cl_es256", "ES256")] {
        let request = world.request().with("client_id", client_id);
        let target = authorize(&request.with("response_mode", "jwt"));
        let carried = browser.decide(&target, "allow").await.location();
        let token = carried.get("response").expect("an answer");
        let header = header(token);
        assert_eq!(header["alg"], alg);
        assert!(header["kid"].is_string());
        opened(&world, client_id, &carried).await;
    }
}

#[tokio::test]
async fn a_signed_answer_ends_soon() {
    let world = World::dev().await;
    let client_id = world.set().client_id.as_str();
    let target = authorize(&world.request().with("response_mode", "jwt"));
    let carried = world
        .logged_in()
        .await
        .decide(&target, "allow")
        .await
        .location();
    let response = carried.get("response").expect("an answer");
    let later = Timestamp::from_secs(now() + 600 + 301);
    let checked = jarm::check(
        response,
        &keys(&world).await,
        &world.issuer,
        client_id,
        later,
    );
    assert_eq!(checked.err(), Some(jarm::JarmFault::Expired));
}

#[tokio::test]
async fn the_metadata_names_modes_and_algorithms() {
    let world = World::dev().await;
    let metadata = Call::get("/.well-known/oauth-authorization-server");
    let said = world.send(metadata).await.json();
    let modes = json!(["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]);
    assert_eq!(said["response_modes_supported"], modes);
    let algorithms = said["authorization_signing_alg_values_supported"].as_array();
    let algorithms = algorithms.expect("a list");
    assert!(algorithms.contains(&json!("RS256")) && algorithms.contains(&json!("ES256")));
}
