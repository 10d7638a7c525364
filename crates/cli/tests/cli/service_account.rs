//! A service account, as Google has them: its assertion stands for itself, and there is no client (RFC 7523 §2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::authority::{Asked, Authority, metadata, nothing};
use crate::home::{Home, text};

const KEY: &str = include_str!("../../../proto/src/jose/tests/keys/rsa.pem");

fn serve(asked: &Asked, origin: &str) -> (u16, Value) {
    match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            // Google lists these, and a service account uses none of them.
            &json!({"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]}),
        ),
        "/token" if asked.param("assertion").is_some() => (
            200,
            json!({"access_token": "ya29.robot", "expires_in": 3599, "token_type": "Bearer"}),
        ),
        _ => nothing(),
    }
}

/// The file that Google writes.
fn account(home: &Home, origin: &str) -> String {
    let file = home.path().join("account.json");
    let content = json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k1",
        "private_key": KEY,
        "client_email": "robot@p.iam.example",
        "client_id": "1234567890",
        "token_uri": format!("{origin}/token"),
    });
    std::fs::write(&file, content.to_string()).expect("written");
    file.display().to_string()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[test]
fn it_gets_a_token_without_being_a_client() {
    for named in [false, true] {
        let home = Home::new();
        let server = Authority::start(serve);
        let origin = &server.origin;
        let file = account(&home, origin);
        // By the preset, or by the token endpoint alone.
        let at = match named {
            true => format!("--token-endpoint {origin}/token"),
            false => format!("--provider google --issuer {origin}"),
        };
        let words = format!(
            "profile add robot {at} --api {origin} --grant jwt_bearer --scope https://scope.example/read"
        );
        let mut add = home.command(&words);
        let told =
            crate::home::Told::of(add.args(["--set", &format!("assertion_key.file={file}")]));
        assert!(!told.done().stderr.contains("registers itself"));
        assert_eq!(home.run("token robot").done().line(), "ya29.robot");

        let asked = server.asked("/token");
        assert_eq!(asked.len(), 1);
        assert!(
            !asked[0]
                .head
                .to_ascii_lowercase()
                .contains("authorization:")
        );
        let form: Vec<String> = url::form_urlencoded::parse(asked[0].body.as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect();
        for name in ["client_id", "client_secret", "client_assertion"] {
            assert!(!form.iter().any(|own| own == name), "{form:?}");
        }
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        assert_eq!(asked[0].param("grant_type").as_deref(), Some(grant));
        let assertion = asked[0].param("assertion").expect("an assertion");
        assert_eq!(
            part(&assertion, 0),
            json!({"alg": "RS256", "kid": "k1", "typ": "JWT"})
        );
        let claims = part(&assertion, 1);
        assert_eq!(text(&claims, "iss"), "robot@p.iam.example");
        assert_eq!(text(&claims, "aud"), format!("{origin}/token"));
        assert_eq!(text(&claims, "scope"), "https://scope.example/read");
        assert!(claims.get("sub").is_none(), "{claims}");

        // It is kept, and forgotten without anybody's being told who asks.
        assert_eq!(home.run("token robot").done().line(), "ya29.robot");
        assert_eq!(server.asked("/token").len(), 1);
        home.run("logout robot").done();
        home.run("logout robot --unregister")
            .done()
            .complaining("no client");
    }
}

#[test]
fn it_is_explained_and_what_shows_a_client_needs_its_name() {
    let home = Home::new();
    let account = "--grant jwt_bearer --set assertion_key.file=/nowhere --api https://a.example";
    home.run(&format!("profile add x --provider google {account}"))
        .done();
    let told = home.run("explain x").done().stdout;
    assert!(
        told.contains("[signed JWT: ") && !told.contains("client_id"),
        "{told}"
    );
    let secret = "--issuer https://as.example --client-secret-env S";
    home.run(&format!("profile add y {secret} {account}"))
        .code(2)
        .complaining("client_id is missing");
}
