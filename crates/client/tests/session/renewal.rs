//! When tokens are renewed, and what survives a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::tokens::{
    MemoryTokens, StoreError, StoredToken, TokenKey, TokenLock, TokenStore,
};
use gatepass_client::{Error, Grant, OAuth, Secret, SecretRef, Session, TokenState};

use crate::authority::{Authority, Mood, files, key, seed};

async fn token(session: &Session) -> Result<String, Error> {
    session
        .token(Duration::ZERO)
        .await
        .map(|token| token.access_token.expose().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_tasks_on_one_expired_token_make_one_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start().await;
    authority.desk().mood = Mood::Slow(Duration::from_millis(30));
    let session = authority
        .session(authority.person_client())
        .tokens(files(folder.path()), key())
        .build()
        .unwrap();
    seed(&session, &*files(folder.path()), -5).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        // Half of them share a session, the others have one of their own on the same store.
        let own = authority
            .session(authority.person_client())
            .tokens(files(folder.path()), key())
            .build()
            .unwrap();
        let session = if n % 2 == 0 { session.clone() } else { own };
        let url = authority.url("/api");
        tasks.spawn(async move {
            session
                .get(url)
                .send()
                .await
                .map(|answer| answer.status().as_u16())
        });
    }
    for outcome in tasks.join_all().await {
        assert_eq!(outcome.unwrap(), 200);
    }
    let desk = authority.desk();
    assert_eq!((desk.refreshes, desk.requests), (1, 1));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_not_sooner() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(70).await;
    assert_eq!(token(&session).await.unwrap(), "access-1");
    assert_eq!(
        session
            .token(Duration::from_secs(100))
            .await
            .unwrap()
            .access_token
            .expose(),
        "access-2",
        "more time was asked for"
    );
    seed(&session, &*store, 50).await;
    authority.desk().generation = 1;
    let other = authority
        .session(authority.person_client())
        .tokens(store, key())
        .build()
        .unwrap();
    assert_eq!(
        token(&other).await.unwrap(),
        "access-2",
        "inside the last minute"
    );
}

#[tokio::test]
async fn a_lost_answer_costs_nothing() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(-5).await;
    authority.desk().mood = Mood::LosesAnswer;
    assert_eq!(token(&session).await.unwrap(), "access-2");
    assert_eq!(authority.counts(), (1, 2));
    let stored = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(stored.refresh_token.unwrap().expose(), "refresh-2");
}

#[tokio::test]
async fn a_server_that_is_down_costs_neither_token_nor_login() {
    for status in [500, 503, 429] {
        let authority = Authority::start().await;
        let (session, store) = authority.session_with_token(30).await;
        authority.desk().mood = Mood::Answers(status);
        for _ in 0..5 {
            assert_eq!(
                token(&session).await.unwrap(),
                "access-1",
                "it lives, so it serves"
            );
        }
        assert_eq!(authority.desk().requests, 1, "and the server is left alone");

        seed(&session, &*store, -1).await;
        let fresh = authority
            .session(authority.person_client())
            .tokens(store.clone(), key())
            .build()
            .unwrap();
        let error = token(&fresh).await.unwrap_err();
        assert!(error.is_temporary() && !error.is_login_needed(), "{error}");
        assert!(
            store
                .load(&key())
                .await
                .unwrap()
                .unwrap()
                .refresh_token
                .is_some()
        );
        authority.desk().mood = Mood::Well;
        assert_eq!(token(&fresh).await.unwrap(), "access-2");
    }
}

#[tokio::test]
async fn a_dead_port_is_a_network_failure() {
    let authority = Authority::start().await;
    let mut oauth = authority.client(Grant::AuthorizationCode {
        redirect_uri: Grant::LOOPBACK.into(),
    });
    let dead = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    oauth.endpoints.token = Some(format!("http://{dead}/token"));
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let session = authority
        .session(gatepass_client::Credential::from(oauth))
        .tokens(store.clone(), key())
        .build()
        .unwrap();
    seed(&session, &*store, -1).await;
    let error = token(&session).await.unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().contains("cannot connect"),
        "{error}"
    );
}

#[tokio::test]
async fn a_spent_refresh_token_asks_for_a_login_once_and_does_not_hammer() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(-5).await;
    authority.desk().mood = Mood::Answers(400);
    for _ in 0..3 {
        let error = token(&session).await.unwrap_err();
        assert!(error.is_login_needed() && !error.is_temporary(), "{error}");
    }
    assert_eq!(authority.desk().requests, 1);
    assert_eq!(
        session.status().await.unwrap().state,
        TokenState::LoginNeeded
    );
    // A living access token serves until its end.
    seed(&session, &*store, 30).await;
    assert_eq!(token(&session).await.unwrap(), "access-1");
    assert_eq!(token(&session).await.unwrap(), "access-1");
    assert_eq!(authority.desk().requests, 2);
}

/// A store into which somebody who takes no lock writes while the refresh is on its way.
struct Shifting {
    inner: MemoryTokens,
    loads: AtomicUsize,
}

#[async_trait]
impl TokenStore for Shifting {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        let token = self.inner.load(key).await?;
        if self.loads.fetch_add(1, Ordering::SeqCst) < 2 {
            return Ok(token);
        }
        let newer = |token: StoredToken| StoredToken {
            access_token: Secret::new("access-7"),
            expires_at: token.expires_at.map(|end| end + Duration::from_secs(1000)),
            ..token
        };
        Ok(token.map(newer))
    }
    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.inner.save(key, token).await
    }
    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.inner.forget(key).await
    }
    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        self.inner.lock(key, patience).await
    }
    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.inner.keys().await
    }
    fn place(&self, key: &TokenKey) -> String {
        self.inner.place(key)
    }
}

#[tokio::test]
async fn invalid_grant_reads_the_store_again_first() {
    let authority = Authority::start().await;
    authority.desk().mood = Mood::Answers(400);
    let store: Arc<dyn TokenStore> = Arc::new(Shifting {
        inner: MemoryTokens::new(),
        loads: AtomicUsize::new(0),
    });
    let session = authority
        .session(authority.person_client())
        .tokens(store.clone(), key())
        .build()
        .unwrap();
    seed(&session, &*store, -5).await;
    assert_eq!(token(&session).await.unwrap(), "access-7");
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn a_server_that_does_not_rotate_leaves_the_refresh_token() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(-5).await;
    authority.desk().mood = Mood::NoRotation;
    assert_eq!(token(&session).await.unwrap(), "access-2");
    assert_eq!(
        store
            .load(&key())
            .await
            .unwrap()
            .unwrap()
            .refresh_token
            .unwrap()
            .expose(),
        "refresh-1"
    );
}

#[tokio::test]
async fn a_dropped_waiter_does_not_lose_the_successor() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(-5).await;
    authority.desk().mood = Mood::Slow(Duration::from_millis(100));
    assert!(
        tokio::time::timeout(Duration::from_millis(30), token(&session))
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        store
            .load(&key())
            .await
            .unwrap()
            .unwrap()
            .refresh_token
            .unwrap()
            .expose(),
        "refresh-2"
    );
    assert_eq!(token(&session).await.unwrap(), "access-2");
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn refresh_on_demand_is_one_for_all_who_demand_it_together() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    authority.desk().mood = Mood::Slow(Duration::from_millis(50));
    let all = futures_util::future::join_all((0..10).map(|_| session.refresh())).await;
    assert!(
        all.iter()
            .all(|token| token.as_ref().unwrap().access_token.expose() == "access-2")
    );
    assert_eq!(authority.desk().refreshes, 1);
    session.refresh().await.unwrap();
    assert_eq!(authority.desk().refreshes, 2);
}

#[tokio::test]
async fn another_profile_does_not_get_the_token() {
    let authority = Authority::start().await;
    let (_, store) = authority.session_with_token(3000).await;
    let mut changed = authority.client(Grant::AuthorizationCode {
        redirect_uri: Grant::LOOPBACK.into(),
    });
    changed.scope = Some("admin".parse().unwrap());
    let session = authority
        .session(gatepass_client::Credential::from(changed))
        .tokens(store, key())
        .build()
        .unwrap();
    assert!(token(&session).await.unwrap_err().is_login_needed());
    assert_eq!(authority.desk().requests, 0);
}

#[tokio::test]
async fn endpoints_are_discovered_once_and_the_client_shows_itself_as_asked() {
    let authority = Authority::start().await;
    authority.desk().expires_in = Some(0);
    let service =
        OAuth::client_credentials(&authority.server.url, "cl", SecretRef::given("hunter2"));
    let session = authority
        .session(gatepass_client::Credential::from(service))
        .build()
        .unwrap();
    for n in 2..5 {
        assert_eq!(token(&session).await.unwrap(), format!("access-{n}"));
    }
    assert_eq!(authority.desk().discoveries, 1);
    let body = authority.server.last().text();
    assert!(
        body.contains("client_secret=hunter2"),
        "the metadata names client_secret_post alone"
    );
    let wrong = OAuth::client_credentials(
        format!("{}/", authority.server.url),
        "cl",
        SecretRef::given("hunter2"),
    );
    let error = token(
        &authority
            .session(gatepass_client::Credential::from(wrong))
            .build()
            .unwrap(),
    )
    .await
    .unwrap_err();
    assert!(
        error.to_string().contains("issuer"),
        "to the letter: {error}"
    );
    assert!(!format!("{session:?}{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn clients_without_a_person_start_again_when_their_refresh_token_is_spent() {
    let authority = Authority::start().await;
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let session = authority
        .session(authority.service_client())
        .tokens(store.clone(), key())
        .build()
        .unwrap();
    seed(&session, &*store, -5).await;
    authority.desk().generation = 9;
    assert_eq!(token(&session).await.unwrap(), "access-10");
    assert_eq!(authority.desk().requests, 2);
}
