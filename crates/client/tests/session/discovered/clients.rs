//! Who we are at a server that a resource has named.

use std::sync::Arc;

use gatepass_client::{Discover, KnownClient, SecretRef};
use serde_json::{Value, json};

use super::api::{Api, store};
use crate::agent::{Agent, Reader};

const DOCUMENT: &str = "https://client.example/gatepass.json";

fn known(issuer: &str) -> KnownClient {
    KnownClient {
        issuer: issuer.to_owned(),
        client_id: "known".to_owned(),
        client_secret: Some(SecretRef::given("known-secret")),
        client_auth: None,
        redirect_uri: None,
    }
}

/// Who asked, and how often somebody registered.
async fn asked(api: &Api, discover: Discover) -> (String, u32) {
    let (_, options) = Agent::options();
    let session = api.session_of(discover).person(Arc::new(Reader), options);
    let session = session.build().unwrap();
    assert_eq!(api.status(&session, "/api").await, 200);
    let asked = api.provider.desk().asked.clone();
    let id = asked.get("client_id").unwrap().to_owned();
    (id, api.provider.visits("/register"))
}

fn supports_documents(metadata: &mut Value) {
    metadata["client_id_metadata_document_supported"] = json!(true);
}

#[tokio::test]
async fn what_is_registered_comes_before_what_describes_us_and_that_before_registering() {
    let api = Api::start().await;
    let issuer = api.provider.server.url.clone();
    let all = Discover {
        clients: vec![known("https://as.example"), known(&issuer)],
        client_metadata_url: Some(DOCUMENT.to_owned()),
        ..Discover::default()
    };
    api.provider.desk().alter = Some(Box::new(supports_documents));
    assert_eq!(asked(&api, all.clone()).await, ("known".to_owned(), 0));
    let described = Discover {
        clients: vec![known("https://as.example")],
        ..all
    };
    assert_eq!(
        asked(&api, described.clone()).await,
        (DOCUMENT.to_owned(), 0)
    );
    // Its own metadata stays remembered, so another server has to be the one without.
    let api = Api::start().await;
    assert_eq!(asked(&api, described).await, ("registered-1".to_owned(), 1));
}

#[tokio::test]
async fn the_server_that_knows_us_is_taken_though_it_is_not_the_first() {
    let api = Api::start().await;
    let other = Api::start().await;
    let issuer = api.provider.server.url.clone();
    let mut document = api.document("/api");
    document["authorization_servers"] = json!([other.provider.server.url, issuer]);
    api.publish("/.well-known/oauth-protected-resource/api", &document);
    let discover = Discover {
        clients: vec![known(&issuer)],
        ..Discover::default()
    };
    assert_eq!(asked(&api, discover).await, ("known".to_owned(), 0));
    assert_eq!(
        other
            .provider
            .visits("/.well-known/oauth-authorization-server"),
        0
    );
}

#[tokio::test]
async fn where_nothing_will_do_it_is_said_what_to_do() {
    let api = Api::start().await;
    api.provider.desk().alter = Some(Box::new(|metadata| {
        supports_documents(metadata);
        metadata["registration_endpoint"] = Value::Null;
    }));
    let (session, agent) = api.attended();
    let error = api.get(&session, "/api").await.unwrap_err().to_string();
    for part in [
        "gatepass profile add",
        "--issuer",
        &api.provider.server.url,
        "client_metadata_url",
        "[[client]]",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(agent.opened(), 0);
}

#[tokio::test]
async fn a_registration_that_the_server_forgot_is_made_anew_once() {
    let api = Api::start().await;
    let (tokens, key) = store();
    let (agent, options) = Agent::options();
    let session = api.session().tokens(tokens.clone(), key.clone());
    let session = session
        .person(Arc::new(Reader), options.clone())
        .build()
        .unwrap();
    assert_eq!(api.status(&session, "/api").await, 200);
    // The token is gone too, and cannot be renewed by a client that nobody knows.
    let forget = |id: &str| {
        let mut desk = api.provider.desk();
        desk.forgotten.insert(id.to_owned());
        desk.good.clear();
    };
    forget("registered-1");
    assert_eq!(api.status(&session, "/api").await, 200);
    assert_eq!((agent.opened(), api.provider.visits("/register")), (2, 2));
    // Nor does a server that forgets at once keep anybody busy.
    for id in ["registered-2", "registered-3", "registered-4"] {
        forget(id);
    }
    let error = api.get(&session, "/api").await.unwrap_err().to_string();
    assert!(error.contains("invalid_client"), "{error}");
    assert_eq!(api.provider.visits("/register"), 3);
}
