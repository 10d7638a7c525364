//! What a posted body may be, at the endpoints that programs post to.

use gatepass_proto::Scope;
use gatepass_server::NewClient;

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::World;

const FORM: &str = "application/x-www-form-urlencoded";

fn basic(world: &World, path: &str) -> Call {
    Call::post(path).basic(&world.set().client_id, &world.set().client_secret)
}

async fn post(world: &World, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let call = basic(world, "/oauth/token").body(content_type, body);
    world.send(call).await
}

#[tokio::test]
async fn broken_forms_are_invalid_requests() {
    let world = World::dev().await;
    let good = "grant_type=client_credentials";
    let many: String = (0..64).map(|n| format!("&p{n}=")).collect();
    for (name, body) in [
        ("empty", Vec::new()),
        ("no grant_type", b"scope=read".to_vec()),
        ("an empty grant_type", b"grant_type=".to_vec()),
        ("a duplicate", format!("{good}&{good}").into_bytes()),
        (
            "an escaped duplicate",
            format!("{good}&gr%61nt_type=x").into_bytes(),
        ),
        (
            "a duplicate that is empty",
            format!("{good}&grant_type=").into_bytes(),
        ),
        (
            "a duplicate that nobody knows",
            format!("{good}&a=1&a=1").into_bytes(),
        ),
        ("a broken escape", format!("{good}&a=%").into_bytes()),
        ("half an escape", format!("{good}&a=%4").into_bytes()),
        ("no hexadecimal", format!("{good}&a=%zz").into_bytes()),
        ("escaped bad UTF-8", format!("{good}&a=%ff").into_bytes()),
        ("an overlong NUL", format!("{good}&a=%c0%80").into_bytes()),
        ("a surrogate", format!("{good}&a=%ed%a0%80").into_bytes()),
        ("bad UTF-8", [good.as_bytes(), b"&a=\xff"].concat()),
        (
            "bad UTF-8 in a name",
            [good.as_bytes(), b"&\xff=1"].concat(),
        ),
        ("too many", format!("{good}{many}").into_bytes()),
        (
            "a long value",
            format!("{good}&a={}", "x".repeat(17_000)).into_bytes(),
        ),
        (
            "a long name",
            format!("{good}&{}=1", "x".repeat(200)).into_bytes(),
        ),
    ] {
        let answer = post(&world, FORM, body).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        answer.refused(400, "invalid_request");
    }
    post(&world, FORM, good).await.good();
    let empties = format!("&&{good}&scope=&unknown=1&");
    post(&world, FORM, empties).await.good();
}

#[tokio::test]
async fn the_content_type_says_what_it_is() {
    let world = World::dev().await;
    let form = "grant_type=client_credentials";
    for good in [FORM, "Application/X-WWW-Form-URLEncoded; charset=UTF-8"] {
        post(&world, good, form).await.good();
    }
    for wrong in [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded, application/json",
        "application/jsonp",
        "application/xml",
    ] {
        post(&world, wrong, form)
            .await
            .refused(400, "invalid_request");
    }
    let mut none = basic(&world, "/oauth/token");
    world
        .send(none.clone())
        .await
        .refused(400, "invalid_request");
    none = none.header("Content-Type", FORM);
    world
        .send(none.clone())
        .await
        .refused(400, "invalid_request");
    let twice = none.body(FORM, form);
    world.send(twice).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn json_is_read_strictly() {
    let world = World::dev().await;
    let good = r#"{"grant_type":"client_credentials","scope":"read"}"#;
    post(&world, "application/json; charset=utf-8", good)
        .await
        .good();
    for bad in [
        "",
        "null",
        "[]",
        "{",
        r#"{"grant_type":1}"#,
        r#"{"grant_type":null}"#,
        r#"{"grant_type":["client_credentials"]}"#,
        r#"{"grant_type":"client_credentials","grant_type":"client_credentials"}"#,
        r#"{"grant_type":"client_credentials","gr\u0061nt_type":"password"}"#,
        r#"{"grant_type":"client_credentials","a":{"b":"c"}}"#,
        r#"{"grant_type":"client_credentials"} {}"#,
        r#"{"grant_type":"client_credentials","a":"\ud800"}"#,
        "grant_type=client_credentials",
    ] {
        let answer = post(&world, "application/json", bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        answer.refused(400, "invalid_request");
    }
    let deep = "[".repeat(30_000);
    post(&world, "application/json", format!("{{\"a\":{deep}"))
        .await
        .refused(400, "invalid_request");
    let bytes = b"{\"grant_type\":\"\xff\"}".to_vec();
    post(&world, "application/json", bytes)
        .await
        .refused(400, "invalid_request");
}

/// An older habit of the token endpoint alone, and only for a client that was registered with it.
#[tokio::test]
async fn json_is_for_those_who_may() {
    let world = World::with(|_| ()).await;
    let admin = world.admin().await;
    let scope: Scope = "read".parse().expect("a scope");
    for json_body in [false, true] {
        let new = NewClient {
            client_id: None,
            client_name: "service".to_owned(),
            public: false,
            redirect_uris: Vec::new(),
            grant_types: vec!["client_credentials".to_owned()],
            scope: scope.clone(),
            default_scope: scope.clone(),
            resources: Vec::new(),
            require_pkce: false,
            json_body,
            auth_method: None,
            details: Default::default(),
        };
        let (client, secret) = admin.add_client(new).await.expect("a client");
        let secret = secret.expect("a secret");
        let call = |path: &str| Call::post(path).basic(client.client_id.as_str(), secret.expose());
        let body = r#"{"grant_type":"client_credentials"}"#;
        let answer = world.send(call("/oauth/token").json(body)).await;
        if json_body {
            answer.good();
        } else {
            answer.refused(400, "invalid_request");
            let form = Pairs::of(&[("grant_type", "client_credentials")]);
            world.send(call("/oauth/token").form(&form)).await.good();
        }
        for path in ["/oauth/introspect", "/oauth/revoke"] {
            let answer = world.send(call(path).json(r#"{"token":"x"}"#)).await;
            answer.refused(400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_large_body_is_413_and_costs_nothing() {
    let world = World::dev().await;
    let body = format!("grant_type=client_credentials&a={}", "x".repeat(70_000));
    for path in [
        "/oauth/token",
        "/oauth/introspect",
        "/oauth/revoke",
        "/auth/token",
        "/api/auth/jwt",
    ] {
        let answer = world
            .send(basic(&world, path).body(FORM, body.as_str()))
            .await;
        answer.refused(413, "invalid_request");
    }
}
