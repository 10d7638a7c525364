//! gatepass's client against gatepass's server, where the request and the answer do not travel in the open: pushed (RFC
//! 9126), signed (RFC 9101), answered by a signature (JARM), in detail (RFC 9396), bound to a key (RFC 9449), and all of it
//! at once, as FAPI 2.0 has it.
#![expect(clippy::unwrap_used, reason = "these are tests")]

#[path = "../../../crates/server/tests/wire/browser.rs"]
mod browser;
#[path = "../../../crates/server/tests/wire/pairs.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's tests, which use all of it"
)]
mod pairs;
mod person;
#[path = "../../../crates/server/tests/wire/wire.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's tests, which use all of it"
)]
mod wire;
mod world;

use gatepass_client::{Error, OAuth};
use gatepass_proto::decide::record::Client;
use gatepass_proto::flow::FlowError;
use serde_json::json;

use crate::world::{DETAIL, Visit, World, details};

/// Asserts that the server said no.
fn refused(outcome: Result<Visit, Error>) {
    match outcome {
        Err(Error::Flow(fault)) if matches!(*fault, FlowError::Refused { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_is_pushed() {
    let world = World::start().await;
    let visit = world.log_in(|_| (), |oauth| oauth.par = Some(true));
    let visit = visit.await.expect("a token");
    let names: Vec<&str> = visit.asked.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
}

#[tokio::test]
async fn a_request_is_signed() {
    let world = World::start().await;
    let signs = |client: &mut Client| details(client).require_signed_request_object = true;
    let visit = world.log_in(signs, |oauth| {
        oauth.par = Some(false);
        oauth.signed_request = Some(true);
    });
    let visit = visit.await.expect("a token");
    assert!(visit.asked.get("request").is_some());
    assert!(visit.asked.get("redirect_uri").is_none());
    refused(world.log_in(signs, |oauth| oauth.par = Some(false)).await);
}

#[tokio::test]
async fn an_answer_is_signed() {
    let world = World::start().await;
    for alg in ["RS256", "ES256"] {
        let visit = world.log_in(
            |client| details(client).authorization_signed_response_alg = Some(alg.to_owned()),
            |oauth| oauth.signed_response = true,
        );
        let visit = visit.await.expect("a token");
        assert!(visit.answered.get("response").is_some());
        assert!(visit.answered.get("code").is_none());
    }
}

#[tokio::test]
async fn what_is_asked_for_in_detail_is_granted() {
    let world = World::start().await;
    let wanted = json!([{ "type": DETAIL, "actions": ["read"] }]);
    let registered = |client: &mut Client| {
        details(client).authorization_details_types = vec![DETAIL.to_owned()];
    };
    let visit = world.log_in(registered, |oauth| {
        oauth.authorization_details = Some(wanted.clone());
    });
    let visit = visit.await.expect("a token");
    assert_eq!(visit.token.authorization_details, Some(wanted));
    let unknown = world.log_in(registered, |oauth| {
        oauth.authorization_details = Some(json!([{ "type": "unknown" }]));
    });
    refused(unknown.await);
}

#[tokio::test]
async fn under_fapi_everything_is_signed_and_bound() {
    let world = World::start().await;
    let registered = |client: &mut Client| {
        client.auth_methods = vec!["private_key_jwt".to_owned()];
        details(client).fapi = true;
        details(client).fapi_message_signing = true;
    };
    let whole = |oauth: &mut OAuth| {
        oauth.client_secret = None;
        oauth.client_auth = Some("private_key_jwt".to_owned());
        oauth.par = Some(true);
        oauth.signed_request = Some(true);
        oauth.signed_response = true;
        oauth.dpop = true;
    };
    let visit = world.log_in(registered, whole).await.expect("a token");
    assert!(visit.asked.get("request_uri").is_some());
    assert!(visit.answered.get("response").is_some());
    assert_eq!(visit.token.token_type, "DPoP");
    let refresh = visit.token.refresh_token.clone().expect("one");
    visit.session.refresh().await.expect("renewed");
    let renewed = visit.stored().await;
    assert_ne!(renewed.access_token, visit.token.access_token);
    assert_eq!(
        renewed.refresh_token,
        Some(refresh),
        "FAPI forbids rotation"
    );
    for lacking in [
        (|oauth| oauth.dpop = false) as fn(&mut OAuth),
        |oauth| oauth.signed_request = Some(false),
        |oauth| oauth.signed_response = false,
        |oauth| oauth.par = Some(false),
    ] {
        let visit = world.log_in(registered, |oauth| {
            whole(oauth);
            lacking(oauth);
        });
        refused(visit.await);
    }
}
