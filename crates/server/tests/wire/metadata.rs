//! What the server says of itself (RFC 8414), and that it is so.

use serde_json::{Value, json};

use crate::wire::Call;
use crate::world::World;

const DOCUMENTS: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

#[tokio::test]
async fn both_documents_name_the_issuer_and_endpoints_that_answer() {
    for dev in [true, false] {
        let world = World::with(|config| config.dev = dev).await;
        for path in DOCUMENTS {
            let answer = world.send(Call::get(path)).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let document = answer.json();
            assert_eq!(document["issuer"], world.issuer.as_str());
            assert_eq!(
                document["authorization_response_iss_parameter_supported"],
                true
            );
            assert_eq!(
                document["code_challenge_methods_supported"],
                serde_json::json!(["S256"])
            );
            endpoints_answer(&world, &document).await;
        }
    }
}

pub(crate) async fn endpoints_answer(world: &World, document: &Value) {
    let origin = format!("http://{}", world.address);
    for (name, method, status) in [
        ("authorization_endpoint", "GET", 400),
        ("token_endpoint", "POST", 400),
        ("introspection_endpoint", "POST", 400),
        ("revocation_endpoint", "POST", 400),
        ("pushed_authorization_request_endpoint", "POST", 400),
        ("userinfo_endpoint", "GET", 401),
        ("jwks_uri", "GET", 200),
    ] {
        let url = document[name].as_str().expect("it is there");
        assert!(url.starts_with(&format!("{}/", world.issuer)), "{url}");
        let path = url.strip_prefix(&origin).expect("it is absolute, and here");
        let answer = world.send(Call::new(method, path)).await;
        assert_eq!(answer.status, status, "{name} {answer:?}");
    }
}

#[tokio::test]
async fn the_keys_are_public_and_for_signatures() {
    let world = World::dev().await;
    let answer = world.send(Call::get("/jwks.json")).await;
    assert_eq!(answer.status, 200);
    let keys = answer.json()["keys"].as_array().expect("keys").clone();
    let mut algorithms: Vec<&str> = keys.iter().filter_map(|key| key["alg"].as_str()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "RS256"]);
    for key in keys {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            assert_eq!(key[private], Value::Null);
        }
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let world = World::dev().await;
    for path in [
        "/",
        "/oauth",
        "/oauth/token/",
        "/OAUTH/token",
        "//oauth/token",
        "/oauth/token/../token",
        "/favicon.ico",
    ] {
        let answer = world.send(Call::get(path)).await;
        assert_eq!(answer.status, 404, "{path} {answer:?}");
        answer.is_private();
    }
    for (method, path) in [
        ("GET", "/oauth/token"),
        ("PUT", "/oauth/token"),
        ("DELETE", "/oauth/revoke"),
        ("GET", "/oauth/introspect"),
        ("GET", "/oauth/login"),
        ("GET", "/oauth/consent"),
        ("PUT", "/oauth/authorize"),
        ("OPTIONS", "/oauth/token"),
        ("TRACE", "/oauth/authorize"),
        ("BREW", "/jwks.json"),
        ("POST", "/jwks.json"),
        ("GET", "/auth/token"),
    ] {
        let answer = world.send(Call::new(method, path)).await;
        assert_eq!(answer.status, 405, "{method} {path} {answer:?}");
        assert!(answer.header("allow").is_some(), "{method} {path}");
        answer.is_private();
    }
}

#[tokio::test]
async fn openid_connect_is_promised_as_far_as_it_is_kept() {
    let world = World::with(|_| ()).await;
    let document = world.send(Call::get(DOCUMENTS[1])).await.json();
    for (name, value) in [
        ("response_types_supported", json!(["code"])),
        (
            "id_token_signing_alg_values_supported",
            json!(["RS256", "ES256", "EdDSA", "PS256"]),
        ),
        (
            "userinfo_signing_alg_values_supported",
            json!(["RS256", "ES256", "EdDSA", "PS256"]),
        ),
        (
            "prompt_values_supported",
            json!(["none", "login", "consent", "select_account"]),
        ),
        ("acr_values_supported", json!(["urn:gatepass:acr:password"])),
        ("claim_types_supported", json!(["normal"])),
        ("claims_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(true)),
        ("require_request_uri_registration", json!(true)),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    let has = |name: &str, value: &str| {
        let list = document[name].as_array().expect("a list");
        assert!(list.contains(&json!(value)), "{name} {value}");
    };
    for scope in [
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
    ] {
        has("scopes_supported", scope);
    }
    for claim in [
        "sub",
        "auth_time",
        "acr",
        "email",
        "phone_number_verified",
        "updated_at",
    ] {
        has("claims_supported", claim);
    }
    has("response_modes_supported", "form_post");
}
