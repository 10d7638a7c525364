//! A resource that has moved to another authorization server.

use std::sync::Arc;

use gatepass_client::{Discover, Error, KnownClient, LoginOptions, Session};
use serde_json::json;

use super::api::{Api, METADATA, store};
use crate::agent::{Agent, Reader};
use crate::provider::Provider;

/// Has the API name another server from now on, which takes over; the tokens of the old one are worth nothing.
async fn move_away(api: &Api) -> Provider {
    let next = Provider::start().await;
    let mut document = api.document("/api");
    document["authorization_servers"] = json!([next.server.url]);
    api.publish(&format!("{METADATA}/api"), &document);
    let mut desk = api.provider.desk();
    desk.good.clear();
    desk.breaks = Some((400, r#"{"error":"invalid_grant"}"#.to_owned()));
    next
}

fn options() -> (Arc<Agent>, LoginOptions) {
    Agent::options()
}

#[tokio::test]
async fn a_client_that_registered_itself_begins_anew() {
    let api = Api::start().await;
    let (tokens, key) = store();
    let (agent, options) = options();
    let session = api.session().tokens(tokens.clone(), key);
    let session = session.person(Arc::new(Reader), options).build().unwrap();
    assert_eq!(api.status(&session, "/api").await, 200);
    let next = move_away(&api).await;
    // Its API does not know the tokens of the new one, but they are what is shown.
    let answer = api.get(&session, "/api").await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(
        (
            agent.opened(),
            next.visits("/register"),
            next.visits("/token")
        ),
        (2, 1, 1)
    );
    assert_eq!(api.provider.visits("/revoke"), 1, "it was tried");
    let shown = api.desk().shown.clone();
    let shown = shown.iter().rev().find_map(|(_, token)| token.clone());
    let shown = shown.unwrap();
    let token = shown.strip_prefix("Bearer ").unwrap().to_owned();
    assert!(next.desk().good.contains(&token), "never the old one again");
    let status = session
        .session_for(&api.url("/api").parse().unwrap())
        .await
        .unwrap();
    let status = status.status().await.unwrap();
    assert_eq!(status.issuer.as_deref(), Some(next.server.url.as_str()));
    assert_eq!(
        tokens.keys().await.unwrap().len(),
        3,
        "a token and two registrations"
    );
}

#[tokio::test]
async fn a_client_that_was_registered_there_is_not_taken_elsewhere() {
    let api = Api::start().await;
    let (tokens, key) = store();
    let (agent, options) = options();
    let discover = Discover {
        clients: vec![KnownClient {
            issuer: api.provider.server.url.clone(),
            client_id: "known".into(),
            client_secret: None,
            client_auth: None,
            redirect_uri: None,
        }],
        ..Discover::default()
    };
    let session = api.session_of(discover).tokens(tokens, key);
    let session: Session = session.person(Arc::new(Reader), options).build().unwrap();
    assert_eq!(api.status(&session, "/api").await, 200);
    let next = move_away(&api).await;
    let error = api.get(&session, "/api").await.unwrap_err();
    assert!(matches!(error, Error::Discovery(_)), "{error}");
    let error = error.to_string();
    for part in [&api.provider.server.url, &next.server.url, "known"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(
        (
            agent.opened(),
            next.visits("/register"),
            next.visits("/token")
        ),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_not_one_that_was_left() {
    let api = Api::start().await;
    let (session, agent) = api.attended();
    assert_eq!(api.status(&session, "/api").await, 200);
    api.provider.desk().good.clear();
    api.provider.desk().breaks = Some((400, r#"{"error":"invalid_grant"}"#.to_owned()));
    api.page(&format!("{METADATA}/api"), || {
        crate::server::answer(503, &[], "")
    });
    let error = api.get(&session, "/api").await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert_eq!(agent.opened(), 1);
}
