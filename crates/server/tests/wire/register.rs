//! Clients that register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0) and manage what they
//! registered (RFC 7592).

use gatepass_http::{Egress, HttpTransport, Nobody, OsEntropy, Shell, SystemClock, drive};
use gatepass_proto::flow::{DeleteClientFlow, ReadClientFlow, RegisterFlow, UpdateClientFlow};
use gatepass_proto::message::registration::ClientMetadata;
use gatepass_server::{Admission, RegistrationPolicy};
use serde_json::{Value, json};

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{CHALLENGE, Tokens, VERIFIER, World, authorize};

const REGISTER: &str = "/oauth/register";
const HOME: &str = "https://app.example/cb";

async fn register(world: &World, metadata: &Value) -> Answer {
    let call = Call::post(REGISTER).json(&metadata.to_string());
    world.send(call).await
}

/// A server that takes those with an initial access token.
async fn inviting() -> World {
    World::dev_with(|config| {
        config.registration = Some(RegistrationPolicy {
            admission: Admission::Invited,
            scope: "read write".parse().expect("a scope"),
            require_pkce: true,
        });
    })
    .await
}

fn member(answer: &Value, name: &str) -> String {
    let text = answer.get(name).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {name} in {answer}"))
        .to_owned()
}

/// The place and the token of a registration.
fn managed(world: &World, answer: &Value) -> (String, String) {
    let place = member(answer, "registration_client_uri");
    let path = place.strip_prefix(&world.issuer).expect("it is here");
    (path.to_owned(), member(answer, "registration_access_token"))
}

#[tokio::test]
async fn a_client_says_who_it_is_and_is_told_what_it_became() {
    let world = World::dev().await;
    let answer = register(
        &world,
        &json!({
            "client_name": "Notes", "redirect_uris": [HOME], "scope": "read admin",
            "grant_types": ["authorization_code", "refresh_token", "implicit", "client_credentials"],
            "logo_uri": "https://app.example/logo.png", "contacts": ["admin@app.example"],
            "software_id": "x", "something_else": {"a": 1}, "client_name#ja": "ノート",
        }),
    )
    .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.is_private();
    let said = answer.json();
    assert!(member(&said, "client_id").starts_with("cl_"));
    assert!(member(&said, "client_secret").starts_with("gp_cs_"));
    assert!(member(&said, "registration_access_token").starts_with("gp_ra_"));
    assert_eq!(said["client_secret_expires_at"], 0);
    assert!(said["client_id_issued_at"].is_u64());
    assert_eq!(said["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(
        said["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(said["response_types"], json!(["code"]));
    assert_eq!(said["redirect_uris"], json!([HOME]));
    assert_eq!(said["logo_uri"], "https://app.example/logo.png");
    // Of what it may not have it got nothing.
    assert_eq!(said["scope"], "read");
    for absent in ["software_id", "something_else", "client_name#ja", "jwks"] {
        assert_eq!(said.get(absent), None);
    }
}

/// It gets codes and tokens as any other, and none any more once it is gone.
#[tokio::test]
async fn what_it_registered_works_until_it_deletes_it() {
    let world = World::dev().await;
    let metadata = json!({
        "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"], "scope": "read",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let said = register(&world, &metadata).await.json();
    assert_eq!(said["token_endpoint_auth_method"], "none");
    assert_eq!(said.get("client_secret"), None);
    let client_id = member(&said, "client_id");
    let redirect_uri = "http://127.0.0.1:4711/cb";
    let request = Pairs::of(&[
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", redirect_uri),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let bare = request
        .clone()
        .without("code_challenge")
        .without("code_challenge_method");
    let mut browser = world.logged_in().await;
    let refused = browser.get(&authorize(&bare)).await.location();
    assert_eq!(
        refused.get("error"),
        Some("invalid_request"),
        "PKCE is demanded"
    );
    let back = browser
        .decide(&authorize(&request), "allow")
        .await
        .location();
    let form = Pairs::of(&[
        ("grant_type", "authorization_code"),
        ("code", back.get("code").expect("a code")),
        ("redirect_uri", redirect_uri),
        ("client_id", &client_id),
        ("code_verifier", VERIFIER),
    ]);
    let tokens = Tokens::of(&world.send(Call::post("/oauth/token").form(&form)).await);
    world.lives(&tokens.access).await;

    let (place, token) = managed(&world, &said);
    let delete = || Call::new("DELETE", place.as_str());
    world.send(delete()).await.refused(401, "invalid_token");
    let answer = world.send(delete().bearer(&token)).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    world.is_dead(&tokens.access).await;
    let form = Pairs::of(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("client_id", &client_id),
    ]);
    let again = world.send(Call::post("/oauth/token").form(&form)).await;
    again.refused(401, "invalid_client");
    browser.get(&authorize(&request)).await.error_page(400);
    world
        .send(delete().bearer(&token))
        .await
        .refused(401, "invalid_token");
}

/// A resource's first refusal named one scope, and the next one names another (RFC 6750 §3.1).
#[tokio::test]
async fn it_may_ask_for_more_than_it_registered_but_not_for_more_than_anybody_may() {
    let world = World::dev().await;
    let metadata = json!({
        "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"], "scope": "read",
    });
    let client_id = member(&register(&world, &metadata).await.json(), "client_id");
    let request = Pairs::of(&[
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", "http://127.0.0.1:4711/cb"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut browser = world.logged_in().await;
    for (scope, granted) in [(None, "read"), (Some("read write"), "read write")] {
        let asked = match scope {
            None => request.clone(),
            Some(scope) => request.clone().with("scope", scope),
        };
        let back = browser.decide(&authorize(&asked), "allow").await.location();
        let form = Pairs::of(&[
            ("grant_type", "authorization_code"),
            ("code", back.get("code").expect("a code")),
            ("redirect_uri", "http://127.0.0.1:4711/cb"),
            ("client_id", &client_id),
            ("code_verifier", VERIFIER),
        ]);
        let answer = world.send(Call::post("/oauth/token").form(&form)).await;
        assert_eq!(member(&answer.good().json(), "scope"), granted);
    }
    let asked = request.with("scope", "read admin");
    let refused = browser.get(&authorize(&asked)).await.location();
    assert_eq!(refused.get("error"), Some("invalid_scope"));
}

#[tokio::test]
async fn redirect_uris_that_could_hurt_are_refused() {
    let world = World::dev().await;
    for uri in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "https://app.example/cb#fragment",
        "https://app.example/cb#",
        "https://user@app.example/cb",
        "https://user:password@app.example/cb",
        "http://app.example/cb",
        "http://127.0.0.1.app.example/cb",
        "http://localhost:80@evil.example/cb",
        "http://192.168.0.1/cb",
        "/cb",
        "app.example/cb",
        "",
        "https://app.example/c b",
        "https://app.example\\@evil.example/",
        // A scheme of its own is for applications that say they are native.
        "com.example.app:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
    ] {
        let answer = register(&world, &json!({ "redirect_uris": [HOME, uri] })).await;
        answer.refused(400, "invalid_redirect_uri");
    }
    for uri in [
        "myapp:/cb",
        "javascript:alert(1)",
        "urn:ietf:wg:oauth:2.0:oob",
    ] {
        let native = json!({ "application_type": "native", "redirect_uris": [uri] });
        register(&world, &native)
            .await
            .refused(400, "invalid_redirect_uri");
    }
    let native = json!({ "application_type": "native", "redirect_uris": ["com.example.app:/cb"] });
    assert_eq!(register(&world, &native).await.status, 201);
    for metadata in [
        json!({}),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": HOME }),
    ] {
        register(&world, &metadata)
            .await
            .refused(400, "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_kept_is_refused() {
    let world = World::dev().await;
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
    let with = |key: &Value, name: &str| {
        let mut key = key.clone();
        key[name] = "AA".into();
        json!({ "keys": [key] })
    };
    for more in [
        json!({ "application_type": "desktop" }),
        json!({ "token_endpoint_auth_method": "telepathy" }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "token_endpoint_auth_method": 1 }),
        json!({ "grant_types": ["client_credentials"], "response_types": [] }),
        json!({ "grant_types": ["password"] }),
        json!({ "grant_types": ["refresh_token"] }),
        json!({ "grant_types": ["implicit"], "response_types": ["token"] }),
        json!({ "grant_types": ["refresh_token"], "response_types": ["code"] }),
        json!({ "response_types": ["id_token"] }),
        json!({ "grant_types": "authorization_code" }),
        json!({ "scope": "admin" }),
        json!({ "scope": "a\"b" }),
        json!({ "jwks": { "keys": [key] }, "jwks_uri": "https://app.example/jwks" }),
        json!({ "jwks": { "keys": [] } }),
        json!({ "jwks": { "keys": [1] } }),
        json!({ "jwks": [] }),
        json!({ "jwks": with(&key, "d") }),
        json!({ "jwks": with(&json!({ "kty": "oct" }), "k") }),
        json!({ "jwks_uri": "javascript:x" }),
        json!({ "jwks_uri": "http://app.example/jwks" }),
        json!({ "jwks_uri": "https://user@app.example/jwks" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "logo_uri": "javascript:alert(1)" }),
        json!({ "client_uri": "data:text/html,x" }),
        json!({ "policy_uri": "nowhere" }),
        json!({ "tos_uri": "ftp://app.example/" }),
        json!({ "client_name": "" }),
        json!({ "client_name": "n".repeat(257) }),
        json!({ "client_name": "a\u{1b}[2Jb" }),
        json!({ "contacts": vec!["a@app.example"; 33] }),
        json!({ "client_uri": format!("https://app.example/{}", "x".repeat(2048)) }),
        json!({ "sector_identifier_uri": "https://127.0.0.1:1/sector" }),
        json!({ "id_token_encrypted_response_alg": "RSA-OAEP" }),
        json!({ "request_object_encryption_alg": "RSA-OAEP" }),
        json!({ "subject_type": "secret" }),
        json!({ "default_max_age": "soon" }),
        json!({ "tls_client_certificate_bound_access_tokens": true, "require_auth_time": 1 }),
    ] {
        let mut metadata = json!({ "redirect_uris": [HOME] });
        let members = metadata.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        let answer = register(&world, &metadata).await;
        assert_eq!(answer.status, 400, "{more} {answer:?}");
        answer.refused(400, "invalid_client_metadata");
    }
    let many: Vec<_> = (0..33)
        .map(|n| format!("https://app.example/{n}"))
        .collect();
    let answer = register(&world, &json!({ "redirect_uris": many })).await;
    answer.refused(400, "invalid_client_metadata");
    let stated = json!({ "redirect_uris": [HOME], "software_statement": "e30.e30.x" });
    register(&world, &stated)
        .await
        .refused(400, "unapproved_software_statement");
}

#[tokio::test]
async fn a_body_that_is_no_registration_is_refused() {
    let world = World::dev().await;
    let post = || Call::post(REGISTER);
    let good = json!({ "redirect_uris": [HOME] }).to_string();
    for call in [
        post().body("text/plain", good.clone()),
        post().body("application/x-www-form-urlencoded", good.clone()),
        post()
            .json(&good)
            .header("Content-Type", "application/json"),
    ] {
        world.send(call).await.refused(400, "invalid_request");
    }
    for body in [
        "",
        "[]",
        "null",
        "{",
        "error=x",
        r#"{"redirect_uris":["https://app.example/cb"],"redirect_uris":[]}"#,
        &format!(r#"{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40)),
        &format!("{good}{good}"),
    ] {
        let answer = world.send(post().json(body)).await;
        answer.refused(400, "invalid_client_metadata");
    }
    let large = json!({ "redirect_uris": [HOME], "x": "y".repeat(70_000) });
    register(&world, &large)
        .await
        .refused(413, "invalid_request");
}

/// As an operator gets it nobody registers anything, and the metadata says so.
#[tokio::test]
async fn closed_is_how_it_begins() {
    let world = World::with(|_| ()).await;
    let answer = register(&world, &json!({ "redirect_uris": [HOME] })).await;
    answer.refused(403, "access_denied");
    let document = world
        .send(Call::get("/.well-known/oauth-authorization-server"))
        .await;
    assert_eq!(document.json().get("registration_endpoint"), None);
    let open = World::dev().await;
    let document = open
        .send(Call::get("/.well-known/oauth-authorization-server"))
        .await;
    let endpoint = format!("{}{REGISTER}", open.issuer);
    assert_eq!(document.json()["registration_endpoint"], endpoint);
}

#[tokio::test]
async fn an_invitation_is_good_as_often_as_it_says() {
    let world = inviting().await;
    let good = json!({ "redirect_uris": [HOME] }).to_string();
    let by = |token: &str| Call::post(REGISTER).bearer(token).json(&good);
    let bare = world.send(Call::post(REGISTER).json(&good)).await;
    bare.refused(401, "invalid_token");
    let challenge = bare.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    for token in ["x", "gp_ia_x", &world.tokens().await.access] {
        world.send(by(token)).await.refused(401, "invalid_token");
    }
    let week = std::time::Duration::from_secs(7 * 24 * 3600);
    let admin = world.admin().await;
    let token = admin.invite_clients(2, week).await.expect("a token");
    // What is refused uses nothing up.
    let wrong = Call::post(REGISTER).bearer(token.expose()).json("{}");
    world.send(wrong).await.refused(400, "invalid_redirect_uri");
    for _ in 0..2 {
        let said = world.send(by(token.expose())).await.json();
        assert_eq!(said["scope"], "read write");
    }
    world
        .send(by(token.expose()))
        .await
        .refused(401, "invalid_token");

    let token = admin.invite_clients(1, week).await.expect("a token");
    let calls = (0..8).map(|_| world.send(by(token.expose())));
    let answers = futures_util::future::join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "of those who hold the last, one gets it");

    let over = std::time::Duration::ZERO;
    let token = admin.invite_clients(1, over).await.expect("a token");
    world
        .send(by(token.expose()))
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn a_registration_is_its_own_clients_alone() {
    let world = World::dev().await;
    let metadata = json!({ "redirect_uris": [HOME], "client_name": "One" });
    let one = register(&world, &metadata).await.json();
    let other = register(&world, &metadata).await.json();
    let (place, token) = managed(&world, &one);
    let (_, foreign) = managed(&world, &other);
    let body = |id: &str| json!({ "client_id": id, "redirect_uris": [HOME] }).to_string();
    let own_body = body(&member(&one, "client_id"));
    let set = world.set();
    for path in [
        place.clone(),
        format!("{REGISTER}/nobody"),
        format!("{REGISTER}/{}", set.client_id),
    ] {
        for call in [
            Call::get(path.as_str()),
            Call::get(path.as_str()).bearer(&foreign),
            Call::get(path.as_str()).bearer("x"),
            Call::get(path.as_str()).bearer(&member(&one, "client_secret")),
            Call::get(path.as_str()).basic(&set.client_id, &set.client_secret),
            Call::new("DELETE", path.as_str()).bearer(&foreign),
            Call::new("PUT", path.as_str())
                .bearer(&foreign)
                .json(&own_body),
        ] {
            world.send(call).await.refused(401, "invalid_token");
        }
    }
    let read = world.send(Call::get(place.as_str()).bearer(&token)).await;
    let said = read.good().json();
    assert_eq!(said["client_name"], "One");
    assert_eq!(
        said.get("client_secret"),
        None,
        "nobody knows it but the client"
    );
    assert_eq!(member(&said, "registration_access_token"), token);
}

#[tokio::test]
async fn a_change_replaces_all_and_keeps_who_it_is() {
    let world = World::dev().await;
    let metadata = json!({
        "redirect_uris": [HOME], "client_name": "Before", "scope": "read write",
        "logo_uri": "https://app.example/logo.png",
    });
    let made = register(&world, &metadata).await.json();
    let (place, token) = managed(&world, &made);
    let client_id = member(&made, "client_id");
    let put = |body: Value| {
        Call::new("PUT", place.as_str())
            .bearer(&token)
            .json(&body.to_string())
    };
    for (more, code) in [
        (json!({ "client_id": null }), "invalid_request"),
        (json!({ "client_id": "cl_other" }), "invalid_request"),
        (json!({ "client_secret": "wrong" }), "invalid_request"),
        (
            json!({ "registration_access_token": token }),
            "invalid_request",
        ),
        (
            json!({ "registration_client_uri": "https://x.example" }),
            "invalid_request",
        ),
        (json!({ "client_secret_expires_at": 0 }), "invalid_request"),
        (json!({ "client_id_issued_at": 0 }), "invalid_request"),
        (
            json!({ "redirect_uris": ["javascript:x"] }),
            "invalid_redirect_uri",
        ),
        (json!({ "scope": "admin" }), "invalid_client_metadata"),
    ] {
        let mut body = json!({ "client_id": client_id, "redirect_uris": [HOME] });
        let members = body.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        world.send(put(body)).await.refused(400, code);
    }
    let unchanged = world.send(Call::get(place.as_str()).bearer(&token)).await;
    assert_eq!(unchanged.json()["client_name"], "Before");

    let changed = put(json!({
        "client_id": client_id, "client_secret": made["client_secret"],
        "client_name": "After", "redirect_uris": ["https://app.example/other"],
    }));
    let said = world.send(changed).await.good().json();
    assert_eq!(said["client_name"], "After");
    assert_eq!(said["redirect_uris"], json!(["https://app.example/other"]));
    assert_eq!(said.get("logo_uri"), None, "what is not said again is gone");
    let old = Pairs::of(&[
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", HOME),
    ]);
    world.browser().get(&authorize(&old)).await.error_page(400);
    let secret = member(&made, "client_secret");
    let revoke = Call::post("/oauth/revoke").basic(&client_id, &secret);
    world
        .send(revoke.form(&Pairs::of(&[("token", "x")])))
        .await
        .good();

    // A client that keeps no secret any more has none, and gets another one when it does again.
    let without = json!({ "client_id": client_id, "redirect_uris": [HOME], "token_endpoint_auth_method": "none" });
    world.send(put(without)).await.good();
    let revoke = Call::post("/oauth/revoke").basic(&client_id, &secret);
    let answer = world.send(revoke.form(&Pairs::of(&[("token", "x")]))).await;
    answer.refused(401, "invalid_client");
    let again = json!({ "client_id": client_id, "redirect_uris": [HOME] });
    let said = world.send(put(again)).await.good().json();
    assert_ne!(member(&said, "client_secret"), secret);
}

/// Whoever fills the database by registering is slowed down.
#[tokio::test]
async fn one_address_registers_so_many() {
    let world = World::dev().await;
    let metadata = json!({ "redirect_uris": [HOME] });
    for _ in 0..60 {
        assert_eq!(register(&world, &metadata).await.status, 201);
    }
    let answer = register(&world, &metadata).await;
    answer.refused(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
}

/// Our own client's half against our own server's, over a real connection.
#[tokio::test]
async fn our_own_client_registers_here() {
    let world = inviting().await;
    let admin = world.admin().await;
    let day = std::time::Duration::from_secs(24 * 3600);
    let token = admin.invite_clients(1, day).await.expect("a token");
    let transport = HttpTransport::new(Egress::default()).expect("a transport");
    let shell = Shell {
        transport: &transport,
        clock: &SystemClock,
        person: &Nobody,
    };
    let metadata = ClientMetadata {
        client_name: Some("Own".to_owned()),
        application_type: Some("native".to_owned()),
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        token_endpoint_auth_method: Some("none".to_owned()),
        grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
        response_types: vec!["code".to_owned()],
        ..ClientMetadata::default()
    };
    let endpoint = format!("{}{REGISTER}", world.issuer);
    let mut flow = RegisterFlow::new(endpoint, Some(token), metadata.clone());
    let made = drive(&mut flow, &shell, &mut OsEntropy)
        .await
        .expect("registered");
    assert_eq!(made.client_secret, None);
    assert_eq!(made.metadata.application_type.as_deref(), Some("native"));

    let mut flow = ReadClientFlow::new(made.clone()).expect("a place");
    let read = drive(&mut flow, &shell, &mut OsEntropy)
        .await
        .expect("read");
    assert_eq!(read, made);
    let renamed = ClientMetadata {
        client_name: Some("Renamed".to_owned()),
        ..metadata
    };
    let mut flow = UpdateClientFlow::new(read, renamed).expect("a place");
    let changed = drive(&mut flow, &shell, &mut OsEntropy)
        .await
        .expect("changed");
    assert_eq!(changed.metadata.client_name.as_deref(), Some("Renamed"));
    let mut flow = DeleteClientFlow::new(changed.clone()).expect("a place");
    drive(&mut flow, &shell, &mut OsEntropy)
        .await
        .expect("deleted");
    let mut flow = ReadClientFlow::new(changed).expect("a place");
    assert!(drive(&mut flow, &shell, &mut OsEntropy).await.is_err());
}
