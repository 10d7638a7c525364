//! `gatepass discover`.

use serde_json::{Value, json};

use crate::canned::Canned;
use crate::home::Home;
use crate::server::Server;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

fn publish(server: &Canned, place: &str, more: Value) -> Value {
    let issuer = &server.origin;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    let members = document.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    server.answer(
        place,
        "200 OK",
        "Content-Type: application/json\r\n",
        &document.to_string(),
    );
    document
}

#[test]
fn an_issuer_is_shown_and_explained() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    let shown = home.run(&format!("discover {issuer}")).done().stdout;
    for words in [
        "oauth-authorization-server",
        "/oauth/token",
        "client_credentials",
        "the browser (authorization_code, PKCE S256)",
        "it takes S256",
        "it says who answers",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let document = home.json(&format!("discover {issuer} --output json"));
    assert_eq!(document["issuer"], issuer);
}

#[test]
fn a_sound_issuer_has_no_remarks() {
    let home = Home::new();
    let server = Canned::start();
    let document = publish(&server, OPENID, json!({"x_own": [1, {"deep": true}]}));
    let shown = home
        .run(&format!("discover {}", server.origin))
        .done()
        .stdout;
    assert!(!shown.contains('!') && !shown.contains('✗'), "{shown}");
    assert!(shown.contains(OPENID), "{shown}");
    // The document as it is, with what nobody here knows.
    assert_eq!(
        home.json(&format!("discover {} --output json", server.origin)),
        document
    );
}

#[test]
fn what_is_missing_or_dangerous_is_named() {
    let home = Home::new();
    let server = Canned::start();
    publish(
        &server,
        OAUTH,
        json!({
            "token_endpoint": "http://login.example/token",
            "jwks_uri": null,
            "revocation_endpoint": null,
            "code_challenge_methods_supported": ["plain"],
            "authorization_response_iss_parameter_supported": false,
            "grant_types_supported": ["password", "implicit", "\u{1b}[2Jx"],
            "response_types_supported": ["token", "id_token token"],
            "id_token_signing_alg_values_supported": ["RS256", "none"],
        }),
    );
    let shown = home
        .run(&format!("discover {}", server.origin))
        .done()
        .stdout;
    for words in [
        "plain http is used to this machine only",
        "it does not take S256",
        "it takes plain too",
        "does not promise to say who answers",
        "takes people's passwords",
        "tokens to the browser's address",
        "it gives no codes",
        "alg none",
        "it cannot revoke",
        "nobody else can check its tokens",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn another_issuers_metadata_is_refused() {
    let home = Home::new();
    let server = Canned::start();
    publish(&server, OAUTH, json!({"issuer": "https://login.example"}));
    home.run(&format!("discover {}", server.origin))
        .code(1)
        .complaining("https://login.example");
}

#[test]
fn an_apis_challenges_are_explained() {
    let home = Home::new();
    let server = Canned::start();
    let headers = "WWW-Authenticate: Bearer realm=\"items\", scope=\"read write\", error=\"invalid_token\", \
                   error_description=\"none\", resource_metadata=\"https://api.example/.well-known/x\"\r\n\
                   WWW-Authenticate: Basic realm=\"old\", Odd abc==\r\n";
    server.answer("/items?page=1", "401 Unauthorized", headers, "");
    let url = format!("{}/items?page=1", server.origin);
    let shown = home.run(&format!("discover {url}")).done().stdout;
    for words in [
        "answers 401 Unauthorized",
        "Bearer: a token",
        "read write is what this URL asks for",
        "invalid_token: none",
        "https://api.example/.well-known/x names its authorization servers",
        "Basic: a user name",
        "Odd: a scheme that gatepass does not know",
        "gatepass profile add NAME --api http://127.0.0.1",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let json = home.json(&format!("discover {url} --output json"));
    assert_eq!(json["status"], 401);
    assert_eq!(json["challenges"][0]["params"]["realm"], "items");
    assert_eq!(json["challenges"][2]["token68"], "abc==");
    assert_eq!(
        json["resource_metadata"],
        "https://api.example/.well-known/x"
    );
    let heads = server.heads().join("\n").to_ascii_lowercase();
    assert!(
        !heads.contains("authorization:") && !heads.contains("cookie:"),
        "{heads}"
    );
    assert!(
        !heads.contains("well-known"),
        "an issuer has no query: {heads}"
    );
}

#[test]
fn an_api_without_a_challenge_is_told_too() {
    let home = Home::new();
    let server = Canned::start();
    server.answer("/open", "200 OK", "", "hello");
    server.answer("/shut", "401 Unauthorized", "", "");
    server.answer("/odd", "500 Oops", "", "");
    server.answer(&format!("{OAUTH}/shut"), "500 Oops", "", "");
    let shown = |path: &str| {
        home.run(&format!("discover {}{path}", server.origin))
            .done()
            .stdout
    };
    assert!(shown("/open").contains("none is needed"));
    assert!(shown("/shut").contains("without saying what it wants"));
    assert!(shown("/odd").contains("none, and no success either"));
    assert!(shown("/nowhere").contains("answers 404"));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let home = Home::new();
    home.run("discover http://127.0.0.1:9")
        .code(3)
        .complaining("cannot connect");
    home.run("discover http://127.0.0.1:9/x?y")
        .code(3)
        .complaining("cannot connect");
    home.run("discover http://api.example")
        .code(2)
        .complaining("plain http");
    home.run("discover https://me:hunter2@api.example")
        .code(2)
        .complaining("user name or password");
    home.run("discover nothing")
        .code(2)
        .complaining("expected a URL");
    home.run("discover").code(2);
}
