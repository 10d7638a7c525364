//! A resource that wants more than the token has: a better login (RFC 9470), more scope (RFC 6750 §3.1).

use std::sync::Arc;

use gatepass_client::{Advice, Session};

use crate::agent::{Agent, Reader};
use crate::provider::Provider;

const WANTED: &str =
    r#"Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="60""#;

async fn logged_in() -> (Provider, Session, Arc<Agent>) {
    let provider = Provider::start().await;
    let (agent, options) = Agent::options();
    let session = provider
        .session(provider.browser_client())
        .person(Arc::new(Reader), options)
        .build()
        .unwrap();
    let answer = session.get(provider.url("/api")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), agent.opened()), (200, 1));
    (provider, session, agent)
}

#[tokio::test]
async fn a_better_login_is_asked_of_the_person_once() {
    let (provider, session, agent) = logged_in().await;
    provider.desk().refuses = Some((401, WANTED.to_owned()));
    let answer = session
        .post(provider.url("/api"))
        .json("x")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), agent.opened()),
        (401, 2),
        "not good enough again"
    );
    let asked = provider.desk().asked.clone();
    assert_eq!(
        (asked.get("acr_values"), asked.get("max_age")),
        (Some("gold silver"), Some("60"))
    );
    let Some(Advice::StepUp(wanted)) = answer.advice() else {
        panic!("{:?}", answer.advice())
    };
    assert_eq!(
        (wanted.acr_values.join(" "), wanted.max_age),
        ("gold silver".into(), Some(60))
    );
    assert_eq!(provider.visits("/api"), 3);
}

#[tokio::test]
async fn the_request_is_repeated_with_the_better_login() {
    let (provider, session, _) = logged_in().await;
    provider.desk().refuses = Some((401, WANTED.to_owned()));
    let own = provider.clone();
    // The new login is good enough.
    let watching = tokio::spawn(async move {
        while own.visits("/token") < 2 {
            tokio::task::yield_now().await;
        }
        own.desk().refuses = None;
    });
    let answer = session
        .post(provider.url("/api"))
        .json("x")
        .send()
        .await
        .unwrap();
    watching.await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello \"x\"");
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_is_advice() {
    let (provider, session, _) = logged_in().await;
    let token = session.token(std::time::Duration::ZERO).await.unwrap();
    let alone = provider.session(provider.browser_client()).build().unwrap();
    alone.adopt(token, false).await.unwrap();
    provider.desk().refuses = Some((401, WANTED.to_owned()));
    let answer = alone.get(provider.url("/api")).send().await.unwrap();
    let advice = answer.advice().unwrap().to_string();
    assert!(
        advice.contains("gold silver") && advice.contains("60 s"),
        "{advice}"
    );
    assert_eq!(provider.visits("/token"), 1, "the token is not thrown away");
}

#[tokio::test]
async fn more_scope_is_advice_and_no_login() {
    let (provider, session, agent) = logged_in().await;
    for (challenge, scope) in [
        (
            r#"Bearer error="insufficient_scope", scope="read write""#,
            Some("read write"),
        ),
        (r#"Bearer error="insufficient_scope""#, None),
        (
            r#"Bearer error="insufficient_scope", scope="bad \"scope""#,
            None,
        ),
    ] {
        provider.desk().refuses = Some((403, challenge.to_owned()));
        let answer = session.get(provider.url("/api")).send().await.unwrap();
        let wanted = scope.map(|text| text.parse().unwrap());
        assert_eq!(answer.advice(), Some(&Advice::Scope(wanted)), "{challenge}");
    }
    provider.desk().refuses = Some((403, "Bearer".to_owned()));
    let answer = session.get(provider.url("/api")).send().await.unwrap();
    assert_eq!(answer.advice(), None, "a 403 that says nothing");
    assert_eq!((agent.opened(), provider.visits("/token")), (1, 1));
}
