//! Little that becomes much: in memory when it is unpacked, in time when a key is derived from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::pairs::Pairs;
use crate::prover::{ask, by_assertion};
use crate::wire::Call;
use crate::world::{World, authorize};

/// A JWE in compact form (RFC 7516 §3.1) around this.
fn jwe(header: &Value, ciphertext: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    [
        part(header.to_string().as_bytes()),
        part(&[7; 24]),
        part(&[7; 12]),
        part(ciphertext),
        part(&[7; 16]),
    ]
    .join(".")
}

/// Asserts that it is refused wherever a JWT is taken, and that the server then still answers.
async fn refused_everywhere(world: &World, token: &str) {
    world.data(token).await.refused(401, "invalid_token");
    let answer = ask(world, &by_assertion(token)).await;
    answer.refused(401, "invalid_client");
    let carried = Pairs::of(&[("client_id", &world.set().client_id), ("request", token)]);
    let page = world.browser().get(&authorize(&carried)).await;
    page.error_page(400);
    let hinted = world.request().with_all(&[
        ("scope", "openid"),
        ("prompt", "none"),
        ("id_token_hint", token),
    ]);
    let back = world.browser().get(&authorize(&hinted)).await;
    assert!(back.location().get("error").is_some(), "{back:?}");
    let call = world.token_call(&[("grant_type", "client_credentials")]);
    let proof = world.send(call.header("DPoP", token)).await;
    proof.refused(400, "invalid_dpop_proof");
    assert_eq!(world.send(Call::get("/jwks.json")).await.status, 200);
}

/// CVE-2024-28180 and its like: `zip` in a token that anybody may send.
#[tokio::test]
async fn zip_bomb_in_a_jwe() {
    let world = World::dev().await;
    for alg in ["dir", "RSA-OAEP-256", "ECDH-ES", "A128KW"] {
        let header = json!({ "alg": alg, "enc": "A128GCM", "zip": "DEF", "typ": "JWT" });
        // Zeros pack a thousandfold; these would be eight megabytes.
        refused_everywhere(&world, &jwe(&header, &[0; 8000])).await;
    }
}

/// CVE-2023-52428 and its like: a token that asks for two thousand million rounds of PBKDF2 before it is refused.
#[tokio::test]
async fn huge_p2c() {
    let world = World::dev().await;
    for alg in ["PBES2-HS256+A128KW", "PBES2-HS512+A256KW"] {
        let header = json!({
            "alg": alg, "enc": "A128GCM", "p2c": i32::MAX, "p2s": "c2FsdHNhbHRzYWx0c2FsdA", "cty": "JWT",
        });
        refused_everywhere(&world, &jwe(&header, b"x")).await;
    }
}

/// `grant_type=client_credentials`, as gzip writes it.
const PACKED: [u8; 46] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x2f, 0x4a, 0xcc, 0x2b, 0x89,
    0x2f, 0xa9, 0x2c, 0x48, 0xb5, 0x4d, 0xce, 0xc9, 0x4c, 0x05, 0xb2, 0x93, 0x8b, 0x52, 0x53, 0x80,
    0x74, 0x66, 0x62, 0x4e, 0x31, 0x00, 0xf1, 0x18, 0x15, 0xa8, 0x1d, 0x00, 0x00, 0x00,
];

/// A body that is unpacked is bounded by what it was before; so none is.
#[tokio::test]
async fn zip_bomb_in_a_body() {
    let world = World::dev().await;
    let set = world.set();
    let basic = |path: &str| Call::post(path).basic(&set.client_id, &set.client_secret);
    for encoding in ["gzip", "x-gzip", "GZIP", "deflate", "br", "gzip, gzip"] {
        for path in ["/oauth/token", "/oauth/introspect", "/oauth/par"] {
            let call = basic(path).header("Content-Encoding", encoding);
            let call = call.body("application/x-www-form-urlencoded", PACKED);
            world.send(call).await.refused(400, "invalid_request");
        }
        let call = Call::post("/oauth/register").header("Content-Encoding", encoding);
        let answer = world.send(call.body("application/json", PACKED)).await;
        answer.refused(400, "invalid_client_metadata");
    }
    let form = Pairs::of(&[("grant_type", "client_credentials")]);
    world.send(basic("/oauth/token").form(&form)).await.good();
}
