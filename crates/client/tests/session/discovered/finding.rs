//! What the first request to a resource does.

use std::sync::Arc;

use gatepass_client::{Advice, Body, Credential, Session};
use serde_json::json;

use super::api::{Api, METADATA, store};
use crate::agent::{Agent, Reader};
use crate::provider::Provider;
use crate::server::answer;

#[tokio::test]
async fn from_a_401_to_the_data() {
    let api = Api::start().await;
    api.provider.desk().alter = Some(Box::new(|metadata| {
        metadata["scopes_supported"] = json!(["read", "offline_access"]);
    }));
    let (session, agent) = api.attended();
    let request = session.post(api.url("/api/items?page=2")).json("x");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "data \"x\"");
    let asked = api.provider.desk().asked.clone();
    for (name, value) in [
        ("resource", api.url("/api").as_str()),
        ("scope", "read offline_access"),
        ("prompt", "consent"),
        ("code_challenge_method", "S256"),
        ("client_id", "registered-1"),
    ] {
        assert_eq!(asked.get(name), Some(value), "{name}");
    }
    let seen = api.provider.server.seen();
    let register = seen.iter().find(|seen| seen.target == "/register").unwrap();
    assert!(register.text().contains(r#""application_type":"native""#));
    let token = seen.iter().find(|seen| seen.target == "/token").unwrap();
    assert!(token.text().contains("&resource=http"), "{}", token.text());
    assert_eq!(api.status(&session, "/api/more").await, 200);
    assert_eq!((agent.opened(), api.visits("/api/items")), (1, 2));
    assert_eq!(api.visits("/api/more"), 1, "with the token at once");
    assert_eq!(
        api.visits(&format!("{METADATA}/api")),
        2,
        "at first, and before the login"
    );
}

#[tokio::test]
async fn another_session_finds_the_token_and_asks_nobody() {
    let api = Api::start().await;
    let (tokens, key) = store();
    let (agent, options) = Agent::options();
    let first = api.session().tokens(tokens.clone(), key.clone());
    let first = first.person(Arc::new(Reader), options).build().unwrap();
    assert_eq!(api.status(&first, "/api").await, 200);
    let second = api.session().tokens(tokens, key).build().unwrap();
    assert_eq!(api.status(&second, "/api").await, 200);
    assert_eq!((agent.opened(), api.provider.visits("/register")), (1, 1));
}

#[tokio::test]
async fn fifty_tasks_open_one_browser() {
    let api = Api::start().await;
    let (session, agent) = api.attended();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (api, session) = (api.clone(), session.clone());
        tasks.spawn(async move { api.status(&session, &format!("/api/{number}")).await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    let visits = ["/register", "/token"].map(|path| api.provider.visits(path));
    assert_eq!((agent.opened(), visits), (1, [1, 1]));
}

#[tokio::test]
async fn without_a_person_a_login_is_needed_and_nothing_is_registered() {
    let api = Api::start().await;
    let session = api.session().build().unwrap();
    let error = api.get(&session, "/api").await.unwrap_err();
    assert!(error.is_login_needed(), "{error}");
    let visits = ["/register", "/authorize", "/token"].map(|path| api.provider.visits(path));
    assert_eq!(visits, [0, 0, 0]);
}

#[tokio::test]
async fn the_metadata_is_where_the_challenge_says_or_at_both_well_known_places() {
    for (named, place) in [
        (Some("/meta.json"), "/meta.json"),
        (
            Some("/gone.json"),
            "/.well-known/oauth-protected-resource/api/items",
        ),
        (None, "/.well-known/oauth-protected-resource/api/items"),
        (None, "/.well-known/oauth-protected-resource"),
    ] {
        let api = Api::start().await;
        let document = api.document("/api");
        api.desk().pages.clear();
        api.publish(place, &document);
        api.desk().challenge = match named {
            Some(named) => format!(r#"Bearer resource_metadata="{}""#, api.url(named)),
            None => "Bearer".to_owned(),
        };
        let (session, _) = api.attended();
        assert_eq!(
            api.status(&session, "/api/items").await,
            200,
            "{named:?} {place}"
        );
        assert_eq!(api.provider.desk().asked.get("scope"), None);
    }
}

#[tokio::test]
async fn what_is_asked_for_is_what_the_challenge_or_the_resource_says() {
    let api = Api::start().await;
    let mut document = api.document("/api");
    document["scopes_supported"] = json!(["read", "write"]);
    api.publish(&format!("{METADATA}/api"), &document);
    let (session, _) = api.attended();
    api.get(&session, "/api").await.unwrap();
    assert_eq!(api.provider.desk().asked.get("scope"), Some("read"));
    api.desk().challenge = "Bearer".to_owned();
    let (session, _) = api.attended();
    api.get(&session, "/api").await.unwrap();
    assert_eq!(api.provider.desk().asked.get("scope"), Some("read write"));
}

/// The provider has an API of its own, and says nothing of it.
#[tokio::test]
async fn an_older_server_is_its_own_issuer() {
    let provider = Provider::start().await;
    let (agent, options) = Agent::options();
    let session = Session::builder(Credential::discover()).api(&provider.server.url);
    let session = session.person(Arc::new(Reader), options).build().unwrap();
    let answer = session.get(provider.url("/api")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), agent.opened()), (200, 1));
    let asked = provider.desk().asked.clone();
    assert_eq!(asked.get("resource"), None, "it has no name");
    provider.desk().alter = Some(Box::new(|metadata| {
        metadata["issuer"] = "https://as.example".into()
    }));
    let session = Session::builder(Credential::discover()).api(&provider.server.url);
    let session = session.build().unwrap();
    let answer = session.get(provider.url("/api")).send().await.unwrap();
    let advice = answer.advice();
    assert!(
        matches!(advice, Some(Advice::Challenges(_))),
        "another issuer: {advice:?}"
    );
}

#[tokio::test]
async fn what_takes_no_tokens_or_says_nothing_comes_back_with_its_challenges() {
    let api = Api::start().await;
    for (challenge, advice) in [
        (r#"Basic realm="r""#, "Basic"),
        ("Negotiate, NTLM", "Negotiate or NTLM"),
        ("Bearer", "Bearer"),
    ] {
        api.desk().pages.clear();
        api.desk().challenge = challenge.to_owned();
        let (session, agent) = api.attended();
        let answer = api.get(&session, "/api").await.unwrap();
        let told = answer.advice().unwrap();
        assert!(matches!(told, Advice::Challenges(_)), "{told:?}");
        assert!(told.to_string().contains(advice), "{told}");
        assert_eq!((answer.status().as_u16(), agent.opened()), (401, 0));
    }
    api.page("/open", || answer(200, &[], "for everybody"));
    let (session, _) = api.attended();
    assert_eq!(api.status(&session, "/open").await, 200);
    assert_eq!(api.visits("/open"), 1);
}

#[tokio::test]
async fn a_body_that_can_be_sent_once_is_not_what_is_found_out_with() {
    let api = Api::start().await;
    let (session, _) = api.attended();
    let pieces = futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"once"))]);
    let request = http::Request::post(api.url("/api/upload"))
        .body(Body::stream(pieces))
        .unwrap();
    let answer = session.send(request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let seen = api.server.seen();
    let posts = seen.iter().filter(|seen| seen.method == "POST");
    assert_eq!(posts.count(), 1);
}

#[tokio::test]
async fn a_blocking_session_finds_out_too() {
    let api = Api::start().await;
    let (session, agent) = api.attended();
    let url = api.url("/api");
    let status = tokio::task::spawn_blocking(move || {
        let session = gatepass_client::blocking::Session::from(session);
        session.get(url).send().unwrap().status().as_u16()
    });
    assert_eq!((status.await.unwrap(), agent.opened()), (200, 1));
}
