//! A token goes to no other path than those of its resource.

use gatepass_client::Error;
use serde_json::json;

use super::api::{Api, METADATA};
use crate::server::answer;

#[tokio::test]
async fn a_sibling_gets_no_token_and_finds_its_own() {
    let api = Api::start().await;
    let (session, agent) = api.attended();
    assert_eq!(api.status(&session, "/api/items").await, 200);
    let shown = api.shown_at("/api");
    // The metadata of the challenge is for another path.
    let error = api.get(&session, "/apix").await.unwrap_err();
    assert!(error.to_string().contains("metadata"), "{error}");
    assert_eq!(api.shown_at("/apix"), 0);
    assert_eq!(api.shown_at("/api"), shown);

    let other = api.document("/apix");
    api.publish(&format!("{METADATA}/apix"), &other);
    let named = api.url(&format!("{METADATA}/apix"));
    api.desk().challenge = format!(r#"Bearer scope="other", resource_metadata="{named}""#);
    assert_eq!(api.status(&session, "/apix").await, 200);
    assert_eq!(agent.opened(), 2, "a token of its own");
    let asked = api.provider.desk().asked.clone();
    assert_eq!(asked.get("resource"), Some(api.url("/apix").as_str()));
    assert_eq!(
        api.provider.visits("/register"),
        2,
        "its scope was not registered for"
    );
}

#[tokio::test]
async fn nothing_is_sent_outside_the_resource_by_its_own_session() {
    let api = Api::start().await;
    let (session, _) = api.attended();
    let url = api.url("/api/items").parse().unwrap();
    let own = session.session_for(&url).await.unwrap();
    assert_eq!(api.status(&own, "/api/items").await, 200);
    for path in [
        "/",
        "/apix",
        "/other",
        "/api/..%2fother",
        "/api/%252e%252e%252fother",
    ] {
        let error = api.get(&own, path).await.unwrap_err();
        assert!(
            matches!(error, Error::OtherResource { .. }),
            "{path}: {error}"
        );
        let url = api.url(path).parse().unwrap();
        let error = own.headers_for(&http::Method::GET, &url).await.unwrap_err();
        assert!(
            matches!(error, Error::OtherResource { .. }),
            "{path}: {error}"
        );
        assert_eq!(api.visits(path), 0, "{path}");
    }
}

#[tokio::test]
async fn a_redirect_takes_the_token_no_further() {
    let api = Api::start().await;
    let (session, _) = api.attended();
    assert_eq!(api.status(&session, "/api").await, 200);
    let other = api.url("/other");
    api.page("/api/away", move || {
        answer(307, &[("Location", &other)], "")
    });
    let inside = api.url("/api/inside");
    api.page("/api/in", move || answer(307, &[("Location", &inside)], ""));
    assert_eq!(api.status(&session, "/api/in").await, 200);
    assert_eq!(api.shown_at("/api/inside"), 1);
    let answer = api.get(&session, "/api/away").await.unwrap();
    assert_eq!(answer.status().as_u16(), 401, "without a token");
    assert_eq!((api.shown_at("/other"), api.visits("/other")), (0, 1));
}

#[tokio::test]
async fn a_wider_resource_is_for_all_below_it() {
    let api = Api::start().await;
    let mut document = api.document("/");
    document["resource"] = json!(api.server.url);
    api.publish(METADATA, &document);
    api.desk().challenge = format!(r#"Bearer resource_metadata="{}""#, api.url(METADATA));
    let (session, agent) = api.attended();
    for path in ["/api", "/other", "/"] {
        assert_eq!(api.status(&session, path).await, 200, "{path}");
    }
    assert_eq!(agent.opened(), 1);
}
