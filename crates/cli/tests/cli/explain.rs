//! `gatepass explain`: everything is told, nothing is sent, no secret is read.

use crate::authority::{Authority, metadata, nothing};
use crate::home::{Home, Told};
use serde_json::json;

/// What the command tells of the profile with these options; its secrets are not there to be read.
#[track_caller]
fn explained(home: &Home, words: &str, options: &str) -> String {
    home.run(&format!("profile add x --api https://api.example {words}"))
        .done();
    let told = home.run(&format!("explain x {options}")).done();
    home.run("profile remove x").code(0);
    assert!(
        !told.stdout.contains('\x1b') && told.stderr.is_empty(),
        "{told:?}"
    );
    told.stdout
}

#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        rest = rest
            .split_once(part)
            .unwrap_or_else(|| panic!("expected {part:?} next in {text}"))
            .1;
    }
}

#[test]
fn a_login_by_the_browser_is_told_from_end_to_end() {
    let home = Home::new();
    let text = explained(
        &home,
        "--issuer https://as.example --client-id cl_1 --scope read",
        "",
    );
    in_order(
        &text,
        &[
            "INVENTED",
            "1. What does the server say of itself?",
            "GET https://as.example/.well-known/oauth-authorization-server",
            "← 200",
            "2. The browser goes to the login page",
            "GET https://as.example/authorize\n",
            "client_id              cl_1",
            "redirect_uri           http://127.0.0.1/callback",
            "RFC 6749 §10.12",
            "code_challenge         [SHA-256 of the verifier]",
            "RFC 7636",
            "and comes back",
            "[code]",
            "3. The code for a token",
            "POST https://as.example/token",
            "code_verifier",
            "access_token",
            "[access_token]",
            "4. The API is called",
            "GET https://api.example/\n",
            "Authorization  Bearer [access_token]",
            "5. When it expires",
            "[refresh_token]",
            "At a logout",
            "POST https://as.example/revoke",
        ],
    );
}

#[test]
fn every_grant_is_told() {
    let home = Home::new();
    let secret = "--client-secret-command false";
    for (words, parts) in [
        (
            format!("--grant client_credentials {secret}"),
            &[
                "Basic [base64 of cl_1:[client_secret]]",
                "client_credentials",
            ][..],
        ),
        (
            format!("--grant client_credentials --client-auth client_secret_jwt {secret}"),
            &["client_assertion", "[signed JWT: ", "jti=[random]"],
        ),
        (
            "--grant client_credentials --client-key-file /nowhere --set client_key_alg=RS256"
                .to_owned(),
            &["client_assertion", "[signed JWT: ", "RFC 7523"],
        ),
        (
            format!("--grant password --username somebody --password-command false {secret}"),
            &[
                "username",
                "somebody",
                "password",
                "[password]",
                "RFC 9700 §2.4",
            ],
        ),
        (
            "--grant device_code".to_owned(),
            &[
                "RFC 8628",
                "WDJB-MJHT",
                "The person is told",
                "authorization_pending",
                "[device_code]",
                "← 200",
                "[refresh_token]",
            ],
        ),
        (
            "--grant ciba --scope openid --set login_hint=me --set binding_message=7".to_owned(),
            &[
                "bc-authorize",
                "login_hint",
                "binding_message",
                "The person is told",
                "[auth_req_id]",
            ],
        ),
        (
            "--grant jwt_bearer --set assertion_key.file=/nowhere".to_owned(),
            &["assertion", "[signed JWT: ", "RFC 7523"],
        ),
        (
            "--grant token_exchange --set subject_token.command=false --set audience=b".to_owned(),
            &[
                "subject_token",
                "[subject_token]",
                "issued_token_type",
                "RFC 8693",
            ],
        ),
        (
            "--dpop --scope openid".to_owned(),
            &[
                "dpop_jkt",
                "DPoP",
                "[signed JWT: ",
                "DPoP [access_token]",
                "ath=[SHA-256 of the token]",
            ],
        ),
        (
            "--set par=true --scope openid".to_owned(),
            &[
                "goes ahead of the browser",
                "nonce",
                "[reference]",
                "request_uri",
                "id_token",
                "[signed JWT: ",
            ],
        ),
        (
            "--set signed_request=true --client-key-file /nowhere".to_owned(),
            &["login page", "request ", "[signed JWT: ", "RFC 9101"],
        ),
        (
            "--set signed_response=true".to_owned(),
            &["response_mode", "jwt", "response ", "[signed JWT: ", "keys"],
        ),
    ] {
        let text = explained(
            &home,
            &format!("--issuer https://as.example --client-id cl_1 {words}"),
            "",
        );
        in_order(&text, parts);
    }
    let text = explained(&home, "--issuer https://as.example", "");
    in_order(
        &text,
        &[
            "registers itself",
            "redirect_uris",
            "[client_id]",
            "login page",
            "[client_id]",
        ],
    );
    let text = explained(
        &home,
        "--issuer https://as.example --client-id c",
        "--device",
    );
    in_order(&text, &["RFC 8628", "WDJB-MJHT"]);
}

#[test]
fn so_is_every_other_method() {
    let home = Home::new();
    for (words, parts) in [
        (
            "--username u --password-command false",
            &["Basic [base64 of u:[password]]"][..],
        ),
        (
            "--username u --password-command false --digest",
            &["GET https://api.example/", "RFC 7616"],
        ),
        (
            "--set method=netrc --set file=/nowhere",
            &["Basic [base64 of [login]:[password]]"],
        ),
        ("--token-command false", &["Bearer [token]"]),
        ("--key-command false", &["x-api-key  [key]"]),
        (
            "--key-command false --key-query k",
            &["GET https://api.example/?k=[key]", "write down"],
        ),
        ("--key-command false --key-cookie sid", &["sid=[key]"]),
        (
            "--login-url https://api.example/auth --username u --password-command false --token-pointer /data/0/jwt",
            &[
                "POST https://api.example/auth",
                "[password]",
                "[access_token]",
                "Bearer [access_token]",
            ],
        ),
    ] {
        in_order(&explained(&home, words, ""), parts);
    }
}

#[test]
fn presets_are_explained_with_their_quirks() {
    let home = Home::new();
    let listed = home.json("provider list --output json");
    for provider in listed.as_array().expect("a list") {
        let id = provider["id"].as_str().expect("text");
        let variables = provider["variables"].as_array().expect("a list").iter();
        let variables: String = variables
            .filter(|own| own["default"].is_null())
            .map(|own| {
                let name = own["name"].as_str().expect("text");
                let value = if name == "url" {
                    "https://sso.example"
                } else {
                    "acme.example"
                };
                format!(" --var {name}={value}")
            })
            .collect();
        let scope = provider["scope"]
            .as_str()
            .unwrap_or_default()
            .split(' ')
            .next()
            .unwrap_or_default();
        let scope = if scope.is_empty() {
            String::new()
        } else {
            format!(" --scope {scope}")
        };
        let words =
            format!("--provider {id} --client-id c --client-secret-env S{variables}{scope}");
        let text = explained(&home, &words, "");
        in_order(
            &text,
            &[
                "login page",
                "client_id",
                "The code for a token",
                "The API is called",
            ],
        );
    }
}

#[test]
fn metadata_comes_from_the_cache_and_nothing_is_sent() {
    let home = Home::new();
    let authority = Authority::start(|asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({"authorization_endpoint": format!("{origin}/special/login")}),
        ),
        "/token" => (200, json!({"access_token": "t", "token_type": "Bearer"})),
        _ => nothing(),
    });
    let issuer = &authority.origin;
    let words = format!(
        "profile add web --issuer {issuer} --api {issuer} --client-id c --client-secret-env S"
    );
    home.run(&words).done();
    let explain = || home.run("explain web").done().stdout;
    assert!(explain().contains("INVENTED"));
    assert_eq!(authority.paths(), [""; 0]);

    // A program of its own fills the cache.
    let words = format!("{words} --grant client_credentials").replace("add web", "add robot");
    home.run(&words).done();
    Told::of(home.command("token robot").env("S", "s")).done();
    let asked = authority.paths().len();
    let text = explain();
    assert!(
        text.contains("from the cache") && text.contains(&format!("GET {issuer}/special/login\n")),
        "{text}"
    );
    assert_eq!(authority.paths().len(), asked, "nothing was sent");
    let again = explain();
    assert_eq!(again, text, "and it is the same each time");
    home.run("status web").code(4);
}

#[test]
fn it_is_coloured_for_those_who_look() {
    let home = Home::new();
    home.run("profile add x --api https://api.example --token-env T")
        .done();
    let told = Told::of(home.command("explain x").env("CLICOLOR_FORCE", "1")).done();
    assert!(told.stdout.contains("\x1b["), "{told:?}");
    home.run("explain nobody")
        .code(1)
        .complaining("there is no profile");
}
