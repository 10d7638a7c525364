//! Which token does for which scope.

use std::sync::Arc;
use std::time::Duration;

use gatepass_client::tokens::{MemoryTokens, TokenStore};
use gatepass_client::{Error, Grant, OAuth, Scope, Secret, SecretRef, Session};

use crate::authority::key;
use crate::provider::Provider;

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

async fn token(session: &Session) -> Result<Secret, Error> {
    Ok(session.token(Duration::ZERO).await?.access_token)
}

struct World {
    provider: Provider,
    store: Arc<dyn TokenStore>,
}

impl World {
    async fn new() -> Self {
        Self {
            provider: Provider::start().await,
            store: Arc::new(MemoryTokens::new()),
        }
    }

    /// A session of the same store, as another program would have it.
    fn session(&self, grant: Grant, wanted: Option<&str>) -> Session {
        let own = OAuth {
            client_secret: Some(SecretRef::given("s")),
            scope: wanted.map(scope),
            ..self.provider.client(grant)
        };
        let session = self.provider.session(own);
        session.tokens(self.store.clone(), key()).build().unwrap()
    }

    fn browser(&self, wanted: Option<&str>) -> Session {
        let redirect_uri = Grant::LOOPBACK.into();
        self.session(Grant::AuthorizationCode { redirect_uri }, wanted)
    }
}

#[tokio::test]
async fn a_profile_without_scope_uses_any_token() {
    let world = World::new().await;
    let first = token(&world.session(Grant::ClientCredentials, Some("read write")))
        .await
        .unwrap();
    for (wanted, same) in [
        (None, true),
        (Some("read"), true),
        (Some("write read"), true),
        (Some("admin"), false),
    ] {
        let own = token(&world.session(Grant::ClientCredentials, wanted))
            .await
            .unwrap();
        assert_eq!(own == first, same, "{wanted:?}");
    }
    assert_eq!(world.provider.visits("/token"), 2);
}

#[tokio::test]
async fn a_scope_that_is_asked_for_has_a_token_of_its_own() {
    let world = World::new().await;
    let session = world.session(Grant::ClientCredentials, Some("read"));
    let usual = token(&session).await.unwrap();
    let (one, other) = (
        session.with_scope(&scope("a b")),
        session.with_scope(&scope("b a")),
    );
    let narrow = token(&one).await.unwrap();
    assert_eq!(
        token(&other).await.unwrap(),
        narrow,
        "the order does not count"
    );
    assert_ne!(narrow, usual);
    for _ in 0..3 {
        assert_eq!(token(&session).await.unwrap(), usual);
        assert_eq!(
            token(&session.with_scope(&scope("a b"))).await.unwrap(),
            narrow
        );
    }
    assert_eq!(
        world.provider.visits("/token"),
        2,
        "ten calls, two requests"
    );
}

#[tokio::test]
async fn what_a_person_has_to_grant_is_not_asked_for_behind_their_back() {
    let world = World::new().await;
    let service = world.session(Grant::ClientCredentials, Some("read write"));
    let granted = service.token(Duration::ZERO).await.unwrap();
    world.store.forget(&key()).await.unwrap();
    let session = world.browser(None);
    session.adopt(granted.clone(), true).await.unwrap();
    assert_eq!(token(&session).await.unwrap(), granted.access_token);
    let narrow = session.with_scope(&scope("read"));
    assert_eq!(
        token(&narrow).await.unwrap(),
        granted.access_token,
        "it has it"
    );
    let visits = world.provider.visits("/token");
    let error = token(&session.with_scope(&scope("admin")))
        .await
        .unwrap_err();
    assert!(error.is_login_needed(), "{error}");
    assert_eq!(world.provider.visits("/token"), visits);
}
