//! How `gatepass admin client add` has clients prove themselves.

use serde_json::json;

use crate::home::{Home, text};

/// A public key of P-256 (RFC 7515 appendix A.3).
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

#[test]
fn a_client_with_a_key_gets_no_secret() {
    let home = Home::new();
    let key = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y });
    let file = home.path().join("keys.json");
    for written in [json!({ "keys": [key] }), key.clone()] {
        std::fs::write(&file, written.to_string()).expect("written");
        let client = home.json(&format!(
            "admin client add Bank --auth-method private_key_jwt --jwks {} --dpop --output json",
            file.display()
        ));
        assert_eq!(client.get("client_secret"), None);
        assert_eq!(client["jwks"], json!({ "keys": [key] }));
        assert_eq!(
            client["token_endpoint_auth_methods"],
            json!(["private_key_jwt"])
        );
        assert_eq!(client["dpop_bound_access_tokens"], true);
    }
    let published = home.json(
        "admin client add Bank --auth-method private_key_jwt --jwks-uri https://bank.example/jwks --output json",
    );
    assert_eq!(text(&published, "jwks_uri"), "https://bank.example/jwks");
}

#[test]
fn a_secret_that_signs_is_kept_and_shown_once() {
    let home = Home::new();
    let client = home.json("admin client add Bank --auth-method client_secret_jwt --output json");
    let secret = text(&client, "client_secret");
    let listed = home.json("admin client list --output json");
    assert!(!listed.to_string().contains(secret));
    assert_eq!(
        listed[0]["token_endpoint_auth_methods"],
        json!(["client_secret_jwt"])
    );
}

#[test]
fn what_cannot_work_is_refused() {
    let home = Home::new();
    let file = home.path().join("private.json");
    let private = json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": X });
    std::fs::write(&file, private.to_string()).expect("written");
    let add = |options: &str| home.run(&format!("admin client add Bank {options}"));
    add("--auth-method private_key_jwt")
        .code(1)
        .complaining("jwks");
    add("--auth-method magic")
        .code(1)
        .complaining("private_key_jwt");
    add("--auth-method private_key_jwt --jwks-uri http://bank.example/jwks")
        .code(1)
        .complaining("jwks_uri");
    add(&format!(
        "--auth-method private_key_jwt --jwks {}",
        file.display()
    ))
    .code(1)
    .complaining("private");
    add("--auth-method private_key_jwt --jwks nowhere.json")
        .code(1)
        .complaining("nowhere.json");
}

#[test]
fn a_client_is_held_to_fapi_with_a_key_alone() {
    let home = Home::new();
    let add = |options: &str| {
        home.run(&format!(
            "admin client add Bank --fapi --fapi-message-signing {options}"
        ))
    };
    add("").code(2).complaining("--auth-method");
    for method in ["client_secret_basic", "client_secret_jwt"] {
        add(&format!("--auth-method {method}"))
            .code(1)
            .complaining("private_key_jwt");
    }
    add("--auth-method private_key_jwt --jwks-uri https://bank.example/jwks --public").code(2);
    let by_key = "--auth-method private_key_jwt --jwks-uri https://bank.example/jwks \
         --authorization-details-type payment_initiation --output json";
    let client = add(by_key).done().json();
    for member in ["fapi", "fapi_message_signing"] {
        assert_eq!(client[member], true, "{client}");
    }
    assert_eq!(
        client["authorization_details_types"],
        json!(["payment_initiation"])
    );
    let listed = home.json("admin client list --output json");
    assert_eq!(listed[0], client, "as it was told when it was made");
}
