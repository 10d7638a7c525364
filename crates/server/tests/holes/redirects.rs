//! Redirect URIs: what may be registered, and what is taken for registered.

use serde_json::{Value, json};

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const HOME: &str = "https://app.example/cb";

async fn register(world: &World, kind: &str, uri: &str) -> Answer {
    let metadata = json!({ "application_type": kind, "redirect_uris": [HOME, uri] });
    let call = Call::post("/oauth/register").json(&metadata.to_string());
    world.send(call).await
}

fn cannot_be_registered(answer: &Answer) {
    // Control characters are refused in any member.
    let error = match answer.body.contains("control characters") {
        true => "invalid_client_metadata",
        false => "invalid_redirect_uri",
    };
    answer.refused(400, error);
}

/// Asserts that the browser stays here, whatever else is right or wrong with the request.
async fn stays_here(world: &World, request: &Pairs) {
    for request in [
        request.clone(),
        request.clone().with("response_type", "token"),
        request.clone().with("prompt", "none"),
        request.clone().with("response_mode", "form_post"),
        request.clone().with("scope", "no_such_scope"),
    ] {
        let page = world.browser().get(&authorize(&request)).await;
        page.error_page(400);
    }
}

const SCRIPTS: [&str; 8] = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "javascript://app.example/%0aalert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "blob:https://app.example/x",
];

#[tokio::test]
async fn javascript_and_data_redirect_uris_in_registration() {
    let world = World::dev().await;
    let made = register(&world, "native", "com.example.app:/cb").await;
    let place = made.text("registration_client_uri");
    let path = place.strip_prefix(&world.issuer).expect("it is here");
    for uri in SCRIPTS {
        for kind in ["web", "native"] {
            cannot_be_registered(&register(&world, kind, uri).await);
        }
        // What cannot be registered cannot be put in its place later.
        let changed = json!({ "client_id": made.text("client_id"), "redirect_uris": [HOME, uri] });
        let call = Call::new("PUT", path).bearer(&made.text("registration_access_token"));
        cannot_be_registered(&world.send(call.json(&changed.to_string())).await);
        stays_here(&world, &world.request().with("redirect_uri", uri)).await;
    }
    // Nor does any of them get in as another address that a person is sent to.
    for member in ["logo_uri", "policy_uri", "tos_uri", "client_uri"] {
        for uri in SCRIPTS {
            let mut metadata = json!({ "redirect_uris": [HOME] });
            let members: &mut serde_json::Map<String, Value> =
                metadata.as_object_mut().expect("an object");
            members.insert(member.to_owned(), uri.into());
            let call = Call::post("/oauth/register").json(&metadata.to_string());
            let answer = world.send(call).await;
            answer.refused(400, "invalid_client_metadata");
        }
    }
}

/// The error is told to whoever asked, so that a server becomes an open redirector (RFC 9700 §4.11.2).
#[tokio::test]
async fn error_redirect_to_an_unregistered_uri() {
    let world = World::dev().await;
    let evil = world
        .request()
        .with("redirect_uri", "https://evil.example/");
    stays_here(&world, &evil).await;
    stays_here(&world, &evil.clone().with("client_id", "nobody")).await;
    stays_here(&world, &evil.clone().and("state", "twice")).await;
    stays_here(&world, &evil.clone().with("response_mode", "query.jwt")).await;
    // A person who is logged in and says no is not sent there either.
    let mut browser = world.logged_in().await;
    browser.get(&authorize(&evil)).await.error_page(400);
    // The redirect after a logout is one too.
    let logout = Pairs::of(&[
        ("client_id", &world.set().client_id),
        ("post_logout_redirect_uri", "https://evil.example/"),
    ]);
    let answer = browser
        .get(&format!("/oauth/logout?{}", logout.form()))
        .await;
    assert_eq!(answer.header("location"), None, "{answer:?}");
    assert!(!answer.body.contains("href=\"https://evil.example"));
}

/// What is registered is a text, not a pattern and not a beginning.
#[tokio::test]
async fn regex_or_prefix_redirect_matching() {
    let world = World::dev().await;
    let registered = [
        HOME,
        "https://*.app.example/cb",
        "https://app.example/.*",
        "https://app.example/a.c?x=1",
        "https://bare.example",
    ];
    world
        .client("cl_texts", |client| {
            client.redirect_uris = registered.map(str::to_owned).to_vec();
        })
        .await;
    let request = world.request().with("client_id", "cl_texts");
    for uri in [
        "https://app.example/cb/",
        "https://app.example/cb/../evil",
        "https://app.example/cb/..%2fevil",
        "https://app.example/cb;evil",
        "https://app.example/cb?next=https://evil.example",
        "https://app.example/cb#evil",
        "https://app.example/cb%00",
        "https://app.example/cb.evil.example",
        "https://app.example/",
        "https://app.example/c",
        "https://appxexample/cb",
        "https://www.app.example/cb",
        "https://evil.example/.app.example/cb",
        "https://app.example/anything",
        "https://app.example/abc?x=1",
        "https://app.example/a.c?x=12",
        "https://app.example/a.c?x=1&y=2",
        "https://app.example/a.cx=1",
        "https://bare.example/",
        "https://bare.example.evil.example",
        "https://bare.example@evil.example",
        "https://bare.example:8443",
        "https://evil.example?https://app.example/cb",
        "https://evil.example/https://app.example/cb",
        "https://evil.example\nhttps://app.example/cb",
    ] {
        stays_here(&world, &request.clone().with("redirect_uri", uri)).await;
    }
    for uri in registered {
        let asked = request
            .clone()
            .with_all(&[("redirect_uri", uri), ("response_type", "token")]);
        let answer = world.browser().get(&authorize(&asked)).await;
        let location = answer.header("location").expect("a Location");
        assert!(location.starts_with(uri), "{location}");
    }
}

/// The ready-made clients may come back to this machine by any port, and nothing that only looks like it is this machine.
#[tokio::test]
async fn loopback_host_tricks() {
    let world = World::dev().await;
    for host in [
        "localhost:80@evil.example",
        "localhost@evil.example",
        "localhost:80:80@evil.example",
        "localhost:@evil.example",
        "127.0.0.1:80@evil.example",
        "[::1]:80@evil.example",
        "[::1]@evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.:8000",
        "localhost.evil.example:8000",
        "localhost.:8000",
        "[::1].evil.example",
        "LOCALHOST:8000",
        "LocalHost",
        "local%68ost:8000",
        "%6cocalhost",
        "localhost%2eevil.example",
        "localhost%00.evil.example",
        "127.0.0.1%23.evil.example",
        "localhost:8000\\@evil.example",
        "localhost\\.evil.example",
        "localhost#@evil.example",
        "localhost\t.evil.example",
        "127.0.0.1:8000\n.evil.example",
        "[0:0:0:0:0:0:0:1]:8000",
        "[::0001]",
        "[::ffff:127.0.0.1]:8000",
        "[::127.0.0.1]",
        "[::1%25lo]:8000",
        "127.1",
        "127.0.0.2:8000",
        "0.0.0.0:8000",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "localhost:65536",
        "localhost:-1",
        "localhost:+8000",
        "localhost: 8000",
        "\u{ff4c}ocalhost",
    ] {
        let uri = format!("http://{host}/callback");
        stays_here(&world, &world.request().with("redirect_uri", &uri)).await;
        cannot_be_registered(&register(&world, "native", &uri).await);
    }
    let fine = world
        .request()
        .with("redirect_uri", "http://localhost:4711/callback");
    let page = world.browser().get(&authorize(&fine)).await;
    assert_eq!(page.status, 200, "{page:?}");
}
