//! `gatepass import`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::echo;
use crate::home::{Home, Told, piped, text};
use crate::login;
use crate::server::Server;

/// Runs the program with this on standard input.
fn fed(home: &Home, words: &str, input: &str) -> Told {
    let mut child = piped(&mut home.command(words));
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes());
    Told::from(child.wait_with_output().expect("ended"))
}

fn config(home: &Home) -> String {
    fs::read_to_string(home.path().join("config/gatepass/config.toml")).unwrap_or_default()
}

/// A token of a person's, with a refresh token, as another program got it.
fn token(home: &Home, server: &Server) -> Value {
    login::web(home, server, "");
    login::log_in(home, "login web", &mut Agent::of(server), &[])
        .1
        .done();
    let access_token = home.run("token web").done().line().to_owned();
    json!({ "access_token": access_token, "token_type": "Bearer", "scope": ["read", "write"] })
}

#[test]
fn a_token_of_requests_oauthlib_serves_until_the_moment_it_names() {
    let home = Home::new();
    let server = Server::dev(&home);
    let mut token = token(&home, &server);
    let issuer = server.issuer();
    let file = home.path().join("token.json");
    let import = format!(
        "import requests-oauthlib {} --profile new --issuer {issuer} --api {issuer} --client-id {} --output json",
        file.display(),
        server.get("public_client_id")
    );
    token["expires_in"] = json!(5);
    token["expires_at"] = json!(4_000_000_000.5);
    fs::write(&file, token.to_string()).expect("written");
    let told = home.run(&import).done();
    let json = told.json();
    assert_eq!(
        (text(&json, "profile"), &json["added"]),
        ("new", &json!(true))
    );
    assert_eq!(json["expires_at"], 4_000_000_000_u64);
    home.run(&format!("request -p new {issuer}/api/data"))
        .done();
    let access_token = &text(&token, "access_token").to_owned();
    assert_eq!(home.run("token new").done().line(), access_token);
    assert!(!config(&home).contains(access_token));

    // What is there stays, unless somebody says otherwise.
    token["access_token"] = json!("other");
    fs::write(&file, token.to_string()).expect("written");
    let again = format!("import requests-oauthlib {} --profile new", file.display());
    home.run(&again).code(1).complaining("--replace");
    assert_eq!(home.run("token new").done().line(), access_token);
    home.run(&format!("{again} --replace")).done();
    assert_eq!(home.run("token new").done().line(), "other");
}

#[test]
fn what_is_no_token_changes_nothing() {
    let home = Home::new();
    let new = "--profile new --issuer https://as.example --client-id c --api https://a.example";
    for input in ["", "hunter2", r#"{"token":"hunter2"}"#, r#"["hunter2"]"#] {
        let told = fed(&home, &format!("import requests-oauthlib - {new}"), input).code(1);
        assert!(!told.stderr.contains("hunter2"), "{told:?}");
    }
    let good = r#"{"access_token":"a"}"#;
    fed(&home, "import requests-oauthlib - --profile new", good)
        .code(2)
        .complaining("say how to log in");
    let bearer = "import requests-oauthlib - --profile new --api https://a.example --token-env T";
    fed(&home, bearer, good)
        .code(2)
        .complaining("keeps no tokens");
    home.run(&format!("import requests-oauthlib /no/such/file {new}"))
        .code(1);
    home.run("import requests-oauthlib x").code(2);
    assert_eq!(config(&home), "");
}

#[test]
fn an_account_of_oidc_agent_is_renewed_at_its_first_use() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    // The refresh token comes from a login that the account stands for.
    let account = |refresh_token: &str| {
        json!({
            "name": "egi",
            "client_name": "oidc-agent:egi",
            "issuer_url": format!("{issuer}/"),
            "device_authorization_endpoint": "",
            "daeSetByUser": 0,
            "client_id": "cl_9",
            "client_secret": "hunter2-secret",
            "refresh_token": refresh_token,
            "cert_path": "/etc/ssl/certs/ca-certificates.crt",
            "scope": "read write",
            "redirect_uris": ["edu.kit.data.oidc-agent:/redirect", "http://localhost:43985"],
            "username": "",
            "password": ""
        })
        .to_string()
    };
    let secret = home.path().join("secret");
    let words = format!(
        "import oidc-agent - --api {issuer} --secret-file {}",
        secret.display()
    );
    let told = fed(&home, &words, &account("hunter2-refresh")).done();
    assert!(
        told.stderr.contains("Added profile egi") && !told.stderr.contains("hunter2"),
        "{told:?}"
    );
    assert_eq!(
        fs::read_to_string(&secret).expect("there"),
        "hunter2-secret\n"
    );
    let mode = fs::metadata(&secret).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shown = home.json("profile show egi --output json");
    assert_eq!(text(&shown, "issuer"), issuer);
    assert_eq!(text(&shown, "redirect_uri"), "http://localhost:43985");
    assert_eq!(shown["api"], json!([issuer]));
    assert!(!config(&home).contains("hunter2"));
    let status = home.json("status egi --output json");
    assert_eq!(text(&status[0], "state"), "renewable");
    // It is tried, and this server has never heard of it.
    home.run("token egi").code(5);

    fed(&home, &words, &account("x"))
        .code(1)
        .complaining("--replace");
    fed(&home, "import oidc-agent - --profile two", &account("x"))
        .code(2)
        .complaining(&format!("--api {issuer}"));
    let two = format!("import oidc-agent - --profile two --api {issuer}");
    fed(&home, &two, &account("x"))
        .code(2)
        .complaining("--secret-file");
    home.run("profile show two").code(1);
    for input in [
        "",
        "deadbeef",
        "{}",
        r#"{"client_id":"c","client_secret":"hunter2"}"#,
    ] {
        let told = fed(&home, &words, input).code(1);
        assert!(
            told.stderr.contains("oidc-gen -p") && !told.stderr.contains("hunter2"),
            "{told:?}"
        );
    }
}

#[test]
fn a_token_of_oidc_agent_is_three_lines() {
    let home = Home::new();
    home.run("profile add egi --issuer https://as.example --client-id c --api https://a.example")
        .done();
    let lines = "hunter2\nhttps://as.example/\n4000000000\n";
    fed(&home, "import oidc-agent -", lines)
        .code(2)
        .complaining("--profile");
    let told = fed(&home, "import oidc-agent - --profile egi", lines).done();
    assert!(
        told.stderr
            .starts_with("Kept the token of egi; it expires in "),
        "{told:?}"
    );
    assert_eq!(home.run("token egi").done().line(), "hunter2");
    fed(&home, "import oidc-agent - --profile none", lines).code(1);
}

#[test]
fn a_curl_command_becomes_a_profile_that_works() {
    let home = Home::new();
    let origin = echo::start();
    let secret = home.path().join("secret");
    let place = format!("--secret-file {}", secret.display());
    for (name, options, header) in [
        (
            "bearer",
            "-H 'Authorization: Bearer hunter2'",
            "authorization: Bearer hunter2",
        ),
        (
            "oauth2",
            "--oauth2-bearer hunter2",
            "authorization: Bearer hunter2",
        ),
        (
            "basic",
            "-u me:hunter2",
            "authorization: Basic bWU6aHVudGVyMg==",
        ),
        ("stripe", "-u hunter2:", "authorization: Basic aHVudGVyMjo="),
        (
            "key",
            "--header \"X-API-Key: hunter2\"",
            "x-api-key: hunter2",
        ),
        ("cookie", "-b 'sid=hunter2'", "cookie: sid=hunter2"),
        (
            "cookies",
            "-b 'a=1; sid=hunter2'",
            "cookie: a=1; sid=hunter2",
        ),
    ] {
        let line = format!("curl -sS {options} \\\n  '{origin}/x?a=b' | jq .\n");
        let told = fed(
            &home,
            &format!("import curl --profile {name} {place}"),
            &line,
        )
        .done();
        assert!(
            !told.stderr.contains("hunter2") && told.stdout.is_empty(),
            "{told:?}"
        );
        assert!(
            told.stderr
                .contains(&format!("Next: gatepass get {origin}/x --profile {name}")),
            "{told:?}"
        );
        let asked = home
            .run(&format!("get {origin}/x --profile {name}"))
            .done()
            .stdout;
        assert!(
            asked
                .to_ascii_lowercase()
                .contains(&header.to_ascii_lowercase()),
            "{name}: {asked}"
        );
        assert!(!config(&home).contains("hunter2"));
        fs::remove_file(&secret).expect("written");
    }
    let line = format!("curl '{origin}/x?api_key=hunter2'");
    fed(
        &home,
        &format!("import curl --profile query {place}"),
        &line,
    )
    .done();
    let asked = home
        .run(&format!("get {origin}/x --profile query"))
        .done()
        .stdout;
    assert!(asked.starts_with("GET /x?api_key=hunter2 "), "{asked}");
}

#[test]
fn a_secret_goes_where_it_is_wanted_and_nowhere_else() {
    let home = Home::new();
    let line = "curl -H 'X-API-Key: hunter2' -b 'sid=hunter2' https://a.example/x";
    let import = |words: &str| fed(&home, &format!("import curl --profile a {words}"), line);
    import("").code(2).complaining("--secret-file FILE");
    import("--secret-env A --secret-command B").code(2);
    assert_eq!(config(&home), "");
    let told = import("--secret-env KEY --output json").done();
    assert_eq!(told.json()["secret"], json!({ "env": "KEY" }));
    assert!(
        told.stderr.contains("variable KEY") && told.stderr.contains("Not taken over"),
        "{told:?}"
    );
    import("--secret-env OTHER")
        .code(1)
        .complaining("--replace");
    import("--secret-env OTHER --replace").done();
    assert!(config(&home).contains("OTHER"));
    let told = Told::of(home.command("import curl --profile b").args([
        "--secret-command",
        "pass show b",
        "--",
        "curl",
        "-u",
        "me:hunter2",
        "https://b.example",
    ]));
    assert!(told.done().stderr.contains("\"pass show b\""));
    assert_eq!(
        home.json("profile show b --output json")["password"],
        json!({ "command": "pass show b" })
    );
    // A variable of the shell stays one.
    let line = "curl -H \"Authorization: Bearer $MY_TOKEN\" https://c.example";
    fed(&home, "import curl --profile c", line).done();
    assert_eq!(
        home.json("profile show c --output json")["token"],
        json!({ "env": "MY_TOKEN" })
    );
    let line = "curl -H \"Authorization: Bearer $(pass show x)\" https://d.example";
    fed(&home, "import curl --profile d", line)
        .code(1)
        .complaining("is not run here");
    let line = "curl -u me https://e.example";
    let told = fed(
        &home,
        "import curl --profile e --secret-file /tmp/none",
        line,
    )
    .done();
    assert!(
        told.stderr.contains("Write the secret to /tmp/none"),
        "{told:?}"
    );
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let home = Home::new();
    let secret = home.path().join("secret");
    fs::write(&secret, "old").expect("written");
    let line = "curl -u me:hunter2 https://a.example";
    let words = format!("import curl --profile a --secret-file {}", secret.display());
    fed(&home, &words, line)
        .code(1)
        .complaining("there already");
    assert_eq!(
        (fs::read_to_string(&secret).expect("there"), config(&home)),
        ("old".to_owned(), String::new())
    );
    fed(&home, &format!("{words} --replace"), line).done();
    assert_eq!(fs::read_to_string(&secret).expect("there"), "hunter2\n");
}

#[test]
fn a_bearer_token_becomes_that_of_a_profile_that_keeps_tokens() {
    let home = Home::new();
    home.run(
        "profile add work --issuer https://as.example --client-id c --api https://api.example",
    )
    .done();
    let line = "curl --oauth2-bearer hunter2 https://api.example/x";
    fed(&home, "import curl --profile work", line).done();
    assert_eq!(home.run("token work").done().line(), "hunter2");
    assert!(!config(&home).contains("hunter2"));
    fed(&home, "import curl --profile work", line)
        .code(1)
        .complaining("--replace");
}

#[test]
fn what_is_no_curl_command_with_a_credential_is_refused() {
    let home = Home::new();
    for (line, complaint) in [
        ("", "no URL"),
        ("curl https://a.example", "no credential"),
        ("curl -u me:hunter2", "no URL"),
        ("curl -u 'me:hunter2 https://a.example", "never closed"),
        ("curl -u me:hunter2 http://a.example", "plain http"),
        ("curl -n https://a.example", "netrc"),
        ("curl -K hunter2 https://a.example", "-K"),
        (
            "curl -H \"Authorization: Bearer x$Y\" https://a.example",
            "variable",
        ),
        ("curl -u \"$U:hunter2\" https://a.example", "variable"),
    ] {
        let told = fed(&home, "import curl --profile a --secret-env S", line).code(1);
        assert!(
            told.stderr.contains(complaint) && !told.stderr.contains("hunter2"),
            "{line}: {told:?}"
        );
    }
    assert_eq!(config(&home), "");
}
