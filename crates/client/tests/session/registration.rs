//! Clients that register themselves (RFC 7591).

use std::sync::Arc;

use gatepass_client::tokens::{MemoryTokens, TokenKey, TokenStore};
use gatepass_client::{Grant, LoginOptions, OAuth, Session};

use crate::agent::{Agent, Reader};
use crate::provider::Provider;

fn session(provider: &Provider, store: &Arc<dyn TokenStore>, name: &str) -> Session {
    let redirect_uri = Grant::LOOPBACK.into();
    let grant = Grant::AuthorizationCode { redirect_uri };
    let oauth = OAuth::new(Some(provider.server.url.clone()), None, None, grant);
    let key = TokenKey::new(name).unwrap();
    provider
        .session(oauth)
        .tokens(store.clone(), key)
        .build()
        .unwrap()
}

fn options() -> LoginOptions {
    Agent::options().1
}

#[tokio::test]
async fn a_client_registers_once_at_each_issuer() {
    let (one, other) = (Provider::start().await, Provider::start().await);
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let id = async |session: &Session| {
        session
            .registration()
            .await
            .unwrap()
            .map(|own| own.client_id.to_string())
    };
    let first = session(&one, &store, "first");
    assert_eq!(id(&first).await, None);
    for _ in 0..2 {
        first.login(&Reader, &options()).await.unwrap();
    }
    // Another profile, another program.
    let second = session(&one, &store, "second");
    second.login(&Reader, &options()).await.unwrap();
    assert_eq!(
        (one.visits("/register"), id(&second).await),
        (1, Some("registered-1".into()))
    );
    let third = session(&other, &store, "third");
    assert_eq!(id(&third).await, None, "not what another issuer gave");
    third.login(&Reader, &options()).await.unwrap();
    assert_eq!((one.visits("/register"), other.visits("/register")), (1, 1));
    let body = other
        .server
        .seen()
        .into_iter()
        .find(|seen| seen.target == "/register")
        .unwrap()
        .text();
    assert!(body.contains(r#""application_type":"native""#), "{body}");
    assert!(
        third.refresh().await.is_ok(),
        "with the secret that it was given"
    );
}

#[tokio::test]
async fn a_registration_is_deleted_where_it_was_made() {
    let provider = Provider::start().await;
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let session = session(&provider, &store, "work");
    session.unregister().await.unwrap();
    session.login(&Reader, &options()).await.unwrap();
    session.unregister().await.unwrap();
    let last = provider.server.last();
    assert_eq!(
        (last.method.as_str(), last.target.as_str()),
        ("DELETE", "/registered")
    );
    let token = last.header("authorization").unwrap();
    assert!(token.starts_with("Bearer registration-token-"), "{token}");
    assert!(session.registration().await.unwrap().is_none());
}
