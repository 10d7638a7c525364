//! Metadata that lies, has no end, or leads in a circle: nobody logs in, and no token is asked for.

use std::time::{Duration, Instant};

use gatepass_client::{Egress, Session};
use serde_json::{Value, json};

use super::api::{Api, METADATA};
use crate::agent::{Agent, Reader};
use crate::server::{Act, answer};

/// A session with a person, whose network is a patient one or not.
fn attended(api: &Api, egress: Egress) -> Session {
    let session = api.session().egress(egress);
    let (_, options) = Agent::options();
    let session = session.person(std::sync::Arc::new(Reader), options);
    session.build().unwrap()
}

async fn refused(api: &Api) -> String {
    let session = attended(api, Egress::default());
    let error = api.get(&session, "/api/items").await.unwrap_err();
    assert!(!error.is_login_needed(), "{error}");
    for path in ["/register", "/par", "/authorize", "/token"] {
        assert_eq!(api.provider.visits(path), 0, "{path}: {error}");
    }
    assert_eq!(api.shown_at("/"), 0);
    error.to_string()
}

#[tokio::test]
async fn metadata_for_another_resource_is_not_used() {
    for resource in [
        "/apix",
        "/api/item",
        "/api/items/7",
        "/API",
        "/api#x",
        "https://other.example/api",
        "http://localhost:1/api",
        "/ap",
        "urn:x",
    ] {
        let api = Api::start().await;
        let mut document = api.document("/api");
        document["resource"] = match resource.starts_with('/') {
            true => api.url(resource).into(),
            false => resource.into(),
        };
        api.publish(&format!("{METADATA}/api"), &document);
        // What would do stands elsewhere, and is not looked for any more.
        let other = api.document("/api");
        api.publish(METADATA, &other);
        let error = refused(&api).await;
        assert!(error.contains("metadata at http"), "{resource}: {error}");
    }
}

#[tokio::test]
async fn metadata_that_breaks_the_rules_is_not_used() {
    let lists = json!({ "authorization_servers": vec!["https://as.example"; 100] });
    for wrong in [
        json!({ "resource": 7 }),
        json!({ "scopes_supported": "read" }),
        lists,
    ] {
        let api = Api::start().await;
        let mut document = api.document("/api");
        for (name, value) in wrong.as_object().unwrap() {
            document[name] = value.clone();
        }
        api.publish(&format!("{METADATA}/api"), &document);
        refused(&api).await;
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let api = Api::start().await;
    let to = api.url(&format!("{METADATA}/api"));
    for path in ["", "/api", "/api/items"] {
        let to = to.clone();
        api.page(&format!("{METADATA}{path}"), move || {
            answer(302, &[("Location", &to)], "")
        });
    }
    let session = attended(&api, Egress::default());
    let answer = api.get(&session, "/api/items").await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    let asked = api
        .desk()
        .shown
        .iter()
        .filter(|(path, _)| path.starts_with("/.well-known"))
        .count();
    assert_eq!(
        asked, 5,
        "three places of the resource, two of the issuer that it might be"
    );
}

#[tokio::test]
async fn a_resource_that_names_itself_leads_nowhere() {
    let api = Api::start().await;
    let mut document = api.document("/api");
    document["authorization_servers"] =
        json!([api.url("/api"), api.url(&format!("{METADATA}/api"))]);
    api.publish(&format!("{METADATA}/api"), &document);
    let error = refused(&api).await;
    assert!(error.contains("publishes no metadata"), "{error}");
}

#[tokio::test]
async fn a_document_without_end_is_not_read_to_it() {
    let api = Api::start().await;
    let endless = format!(r#"{{"resource":"{}"#, "x".repeat(2 * 1024 * 1024));
    api.page(&format!("{METADATA}/api"), move || {
        answer(200, &[], &endless)
    });
    let error = refused(&api).await;
    assert!(error.contains("larger than"), "{error}");
    let api = Api::start().await;
    let more = "x".repeat(2 * 1024 * 1024);
    api.provider.desk().alter = Some(Box::new(move |metadata| {
        metadata["x"] = more.clone().into()
    }));
    let error = refused(&api).await;
    assert!(error.contains("larger than"), "{error}");
}

#[tokio::test]
async fn a_slow_document_is_not_waited_for() {
    let api = Api::start().await;
    let hour = Duration::from_secs(3600);
    api.page(&format!("{METADATA}/api"), move || Act::Hang(hour));
    let egress = Egress {
        timeout: Duration::from_millis(300),
        ..Egress::default()
    };
    let session = attended(&api, egress);
    let began = Instant::now();
    let error = api.get(&session, "/api/items").await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(began.elapsed() < hour);
}

/// What a server of its own says of itself, and why that is refused.
#[tokio::test]
async fn a_server_that_will_not_do_is_not_logged_in_at() {
    type Alter = fn(&mut Value);
    let alterations: [(Alter, &str); 8] = [
        (
            |own| own["issuer"] = "https://as.example".into(),
            "https://as.example",
        ),
        (
            |own| {
                drop(
                    own.as_object_mut()
                        .unwrap()
                        .remove("code_challenge_methods_supported"),
                )
            },
            "PKCE",
        ),
        (
            |own| own["code_challenge_methods_supported"] = json!(["plain"]),
            "PKCE",
        ),
        (
            |own| own["authorization_endpoint"] = Value::Null,
            "authorization_endpoint",
        ),
        (
            |own| own["authorization_endpoint"] = "http://as.example/x".into(),
            "authorization_endpoint",
        ),
        (
            |own| own["token_endpoint"] = "http://as.example/token".into(),
            "token_endpoint",
        ),
        (
            |own| own["registration_endpoint"] = "ftp://as.example".into(),
            "registration_endpoint",
        ),
        (
            |own| own["response_types_supported"] = json!(["token"]),
            "authorization codes",
        ),
    ];
    for (alter, reason) in alterations {
        let api = Api::start().await;
        api.provider.desk().alter = Some(Box::new(alter));
        let error = refused(&api).await;
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_asked() {
    for issuer in [
        "http://as.example",
        "http://10.0.0.1",
        "as.example",
        "javascript:alert(1)",
    ] {
        let api = Api::start().await;
        let mut document = api.document("/api");
        document["authorization_servers"] = json!([issuer]);
        api.publish(&format!("{METADATA}/api"), &document);
        let error = refused(&api).await;
        assert!(error.contains("authorization server"), "{issuer}: {error}");
    }
}

#[tokio::test]
async fn the_challenge_leads_to_no_strange_place() {
    for place in [
        "",
        "/relative",
        "http://as.example/m",
        "file:///etc/passwd",
        "https://u:p@as.example/",
    ] {
        let api = Api::start().await;
        api.desk().challenge = format!(r#"Bearer resource_metadata="{place}""#);
        let error = refused(&api).await;
        assert!(error.contains("resource_metadata"), "{place}: {error}");
    }
}

#[tokio::test]
async fn the_first_server_that_will_do_is_taken_and_not_every_one_is_tried() {
    let api = Api::start().await;
    let mut document = api.document("/api");
    let good = api.provider.server.url.clone();
    document["authorization_servers"] = json!(["http://as.example", api.url("/none"), good]);
    api.publish(&format!("{METADATA}/api"), &document);
    let (session, _) = api.attended();
    assert_eq!(api.status(&session, "/api/items").await, 200);

    let api = Api::start().await;
    let mut document = api.document("/api");
    let mut list: Vec<String> = (0..20)
        .map(|number| api.url(&format!("/none{number}")))
        .collect();
    list.push(api.provider.server.url.clone());
    document["authorization_servers"] = json!(list);
    api.publish(&format!("{METADATA}/api"), &document);
    refused(&api).await;
    let tried = (0..20).filter(|number| {
        api.visits(&format!(
            "/.well-known/oauth-authorization-server/none{number}"
        )) > 0
    });
    assert_eq!(tried.count(), 4);
}

#[tokio::test]
async fn many_who_find_nothing_do_not_each_look() {
    let api = Api::start().await;
    let place = format!("{METADATA}/api");
    let late = answer(503, &[], "");
    let Act::Write(late) = late else {
        unreachable!()
    };
    api.page(&place, move || {
        Act::Later(Duration::from_millis(300), late.clone())
    });
    let session = attended(&api, Egress::default());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (api, session) = (api.clone(), session.clone());
        tasks.spawn(async move { api.get(&session, "/api").await.unwrap_err().is_temporary() });
    }
    assert!(tasks.join_all().await.iter().all(|temporary| *temporary));
    let asked = api.visits(&place);
    assert!(asked < 20, "{asked}");
}
