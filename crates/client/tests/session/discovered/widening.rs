//! Resources that want more scope than a token has (RFC 6750 §3.1).

use gatepass_client::Advice;

use super::api::{Api, store};
use crate::server::answer;

#[tokio::test]
async fn what_is_wanted_is_asked_for_with_what_there_is() {
    let api = Api::start().await;
    for (path, scope) in [("/api/write", "write"), ("/api/admin", "admin")] {
        api.desk().wants.insert(path.into(), scope.into());
    }
    let (session, agent) = api.attended();
    assert_eq!(api.status(&session, "/api").await, 200);
    assert_eq!(api.status(&session, "/api/write").await, 200);
    assert_eq!(api.provider.desk().asked.get("scope"), Some("read write"));
    assert_eq!(api.status(&session, "/api/admin").await, 200);
    assert_eq!(
        api.provider.desk().asked.get("scope"),
        Some("read write admin")
    );
    assert_eq!(agent.opened(), 3);
    for path in ["/api", "/api/write", "/api/admin"] {
        assert_eq!(api.status(&session, path).await, 200);
    }
    assert_eq!(agent.opened(), 3);
}

#[tokio::test]
async fn many_who_lack_the_same_open_one_browser() {
    let api = Api::start().await;
    api.desk().wants.insert("/api/write".into(), "write".into());
    let (session, agent) = api.attended();
    assert_eq!(api.status(&session, "/api").await, 200);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (api, session) = (api.clone(), session.clone());
        tasks.spawn(async move { api.status(&session, "/api/write").await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(agent.opened(), 2);
}

#[tokio::test]
async fn what_was_asked_for_is_not_asked_for_again() {
    let api = Api::start().await;
    let (session, agent) = api.attended();
    assert_eq!(api.status(&session, "/api").await, 200);
    let challenge = r#"Bearer error="insufficient_scope", scope="write""#;
    api.page("/api/never", move || {
        answer(403, &[("WWW-Authenticate", challenge)], "")
    });
    for _ in 0..3 {
        let answer = api.get(&session, "/api/never").await.unwrap();
        assert_eq!(answer.status().as_u16(), 403);
        assert!(matches!(answer.advice(), Some(Advice::Scope(Some(_)))));
    }
    assert_eq!((agent.opened(), api.visits("/api/never")), (2, 4));
    // Each answer wants something else: each request asks once.
    let counter = std::sync::atomic::AtomicUsize::new(0);
    api.page("/api/more", move || {
        let number = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let challenge = format!(r#"Bearer error="insufficient_scope", scope="s{number}""#);
        answer(403, &[("WWW-Authenticate", &challenge)], "")
    });
    assert_eq!(api.status(&session, "/api/more").await, 403);
    assert_eq!((agent.opened(), api.visits("/api/more")), (3, 2));
}

#[tokio::test]
async fn without_a_person_it_is_advice_and_the_token_stays() {
    let api = Api::start().await;
    api.desk().wants.insert("/api/write".into(), "write".into());
    let (tokens, key) = store();
    let (_, options) = crate::agent::Agent::options();
    let person = std::sync::Arc::new(crate::agent::Reader);
    let first = api.session().tokens(tokens.clone(), key.clone());
    let first = first.person(person, options).build().unwrap();
    assert_eq!(api.status(&first, "/api").await, 200);
    let alone = api.session().tokens(tokens, key).build().unwrap();
    let answer = api.get(&alone, "/api/write").await.unwrap();
    assert!(matches!(answer.advice(), Some(Advice::Scope(Some(_)))));
    assert_eq!(api.status(&alone, "/api").await, 200);
}
