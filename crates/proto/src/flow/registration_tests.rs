use serde_json::{Value, json};

use super::{DeleteClientFlow, ReadClientFlow, RegisterFlow, UpdateClientFlow};
use crate::Secret;
use crate::flow::testing::{Talk, done, failed, header, refused, response};
use crate::flow::{FlowError, Input, Request};
use crate::message::registration::{ClientInformation, ClientMetadata};

fn metadata() -> ClientMetadata {
    ClientMetadata {
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        application_type: Some("native".to_owned()),
        software_statement: Some("a.b.c".to_owned()),
        ..ClientMetadata::default()
    }
}

fn answer() -> Value {
    json!({
        "client_id": "c-1", "client_secret": "s-1", "client_secret_expires_at": 0, "client_id_issued_at": 5,
        "registration_access_token": "r-1", "registration_client_uri": "https://as.example/register/c-1",
        "redirect_uris": ["http://127.0.0.1/callback"],
    })
}

fn registered() -> ClientInformation {
    ClientInformation::parse(answer().to_string().as_bytes()).expect("a client")
}

fn body(request: &Request) -> Value {
    assert_eq!(header(request, "content-type"), "application/json");
    serde_json::from_slice(request.body()).expect("JSON")
}

#[test]
fn a_client_is_registered() {
    for token in [None, Some(Secret::new("initial"))] {
        let flow = RegisterFlow::new("https://as.example/register", token.clone(), metadata());
        let mut talk = Talk::new(flow);
        let request = talk.start();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://as.example/register");
        match token {
            Some(_) => assert_eq!(header(&request, "authorization"), "Bearer initial"),
            None => assert!(!request.headers().contains_key("authorization")),
        }
        assert_eq!(
            body(&request),
            json!({
                "redirect_uris": ["http://127.0.0.1/callback"], "application_type": "native",
                "software_statement": "a.b.c",
            })
        );
        assert_eq!(done(talk.answer(201, &answer())), registered());
    }
}

#[test]
fn a_refusal_is_in_the_servers_words() {
    let begun = || {
        let endpoint = "https://as.example/register";
        let mut talk = Talk::new(RegisterFlow::new(endpoint, None, metadata()));
        talk.start();
        talk
    };
    for (status, error) in [
        (400, "invalid_redirect_uri"),
        (400, "invalid_client_metadata"),
        (400, "invalid_software_statement"),
        (400, "unapproved_software_statement"),
        (200, "invalid_client_metadata"),
    ] {
        let next = begun().answer(
            status,
            &json!({ "error": error, "error_description": "so" }),
        );
        assert_eq!(refused(next), error);
    }
    let challenge = r#"Basic realm="x", Bearer error="invalid_token", error_description="gone""#;
    let error = failed(begun().hear(response(401, &[("www-authenticate", challenge)], "")));
    assert_eq!(error.to_string(), "invalid_token: gone");
    assert_eq!(
        refused(begun().hear(response(401, &[], ""))),
        "invalid_token"
    );
    assert!(failed(begun().hear(response(502, &[], "<html>"))).is_temporary());
    assert!(failed(begun().lose()).is_temporary());
    for (status, body) in [
        (201, "{}"),
        (200, "<html>"),
        (204, ""),
        (403, ""),
        (302, ""),
    ] {
        let error = failed(begun().hear(response(status, &[], body)));
        assert!(
            matches!(error, FlowError::BadAnswer(_)),
            "{status}: {error:?}"
        );
    }
    assert!(matches!(
        failed(begun().feed(Input::Woke)),
        FlowError::OutOfTurn
    ));
}

#[test]
fn what_cannot_be_asked_is_said_before() {
    let token = Some(Secret::new("a\nb"));
    for flow in [
        RegisterFlow::new("https://as.example/register", token, metadata()),
        RegisterFlow::new("no url", None, metadata()),
    ] {
        let error = failed(Talk::new(flow).feed(Input::Start));
        assert!(matches!(error, FlowError::Setup(_)), "{error:?}");
        assert!(!error.to_string().contains("a\nb"));
    }
    for (uri, token) in [
        (None, Some("r")),
        (Some("https://as.example/c"), None),
        (Some("http://as.example/c"), Some("r")),
        (Some("https://r@as.example/c"), Some("r")),
        (Some("/register/c"), Some("r")),
    ] {
        let client = ClientInformation {
            registration_client_uri: uri.map(str::to_owned),
            registration_access_token: token.map(Secret::new),
            ..registered()
        };
        for error in [
            ReadClientFlow::new(client.clone()).err(),
            UpdateClientFlow::new(client.clone(), metadata()).err(),
            DeleteClientFlow::new(client).err(),
        ] {
            assert!(matches!(error, Some(FlowError::Setup(_))), "{uri:?}");
        }
    }
}

#[test]
fn a_registration_is_read_with_its_own_token() {
    let mut talk = Talk::new(ReadClientFlow::new(registered()).expect("managed"));
    let request = talk.start();
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri(), "https://as.example/register/c-1");
    assert_eq!(header(&request, "authorization"), "Bearer r-1");
    assert!(request.body().is_empty());
    let next = talk.answer(200, &json!({
        "client_id": "c-1", "client_secret": "s-2", "client_secret_expires_at": 9, "client_name": "n",
        "registration_access_token": "r-2",
    }));
    let client = done(next);
    assert_eq!(client.client_secret, Some(Secret::new("s-2")));
    assert_eq!(client.client_secret_expires_at, Some(9));
    assert_eq!(client.registration_access_token, Some(Secret::new("r-2")));
    let place = client.registration_client_uri.as_deref();
    assert_eq!(
        place,
        Some("https://as.example/register/c-1"),
        "what is not said stays"
    );
    assert_eq!(client.client_id_issued_at, Some(5));
    assert_eq!(client.metadata.client_name.as_deref(), Some("n"));
    assert!(client.metadata.redirect_uris.is_empty());
}

#[test]
fn a_secret_that_is_shown_only_once_is_kept() {
    for (method, kept) in [
        (Value::Null, true),
        (json!("client_secret_basic"), true),
        (json!("client_secret_jwt"), true),
        (json!("none"), false),
        (json!("private_key_jwt"), false),
    ] {
        let mut talk = Talk::new(ReadClientFlow::new(registered()).expect("managed"));
        talk.start();
        let answer = json!({ "client_id": "c-1", "token_endpoint_auth_method": method });
        let client = done(talk.answer(200, &answer));
        assert_eq!(client.client_secret.is_some(), kept, "{method}");
    }
}

#[test]
fn an_answer_about_another_client_is_not_believed() {
    let mut talk = Talk::new(ReadClientFlow::new(registered()).expect("managed"));
    talk.start();
    let error = failed(talk.answer(200, &json!({ "client_id": "c-2" })));
    assert!(matches!(error, FlowError::BadAnswer(_)), "{error:?}");
}

#[test]
fn a_change_replaces_everything() {
    let flow = UpdateClientFlow::new(registered(), metadata()).expect("managed");
    let mut talk = Talk::new(flow);
    let request = talk.start();
    assert_eq!(request.method(), "PUT");
    assert_eq!(header(&request, "authorization"), "Bearer r-1");
    let sent = body(&request);
    assert_eq!(
        (&sent["client_id"], &sent["client_secret"]),
        (&json!("c-1"), &json!("s-1"))
    );
    assert_eq!(sent["application_type"], "native");
    for name in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        assert_eq!(sent[name], Value::Null, "RFC 7592 §2.2: {name}");
    }
    assert_eq!(done(talk.answer(200, &answer())), registered());
}

#[test]
fn a_client_is_deleted() {
    let begun = || {
        let mut talk = Talk::new(DeleteClientFlow::new(registered()).expect("managed"));
        let request = talk.start();
        assert_eq!(request.method(), "DELETE");
        assert_eq!(header(&request, "authorization"), "Bearer r-1");
        talk
    };
    done(begun().hear(response(204, &[], "")));
    assert_eq!(
        refused(begun().hear(response(401, &[], ""))),
        "invalid_token"
    );
    let error = failed(begun().hear(response(405, &[], "")));
    assert!(error.to_string().contains("405"), "{error}");
}

#[test]
fn secrets_do_not_print() {
    let flow = UpdateClientFlow::new(registered(), metadata()).expect("managed");
    let request = Talk::new(ReadClientFlow::new(registered()).expect("managed")).start();
    for text in [format!("{flow:?}"), format!("{:?}", request.headers())] {
        assert!(!text.contains("r-1") && !text.contains("s-1"), "{text}");
    }
}
