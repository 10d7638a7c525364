//! The server's own signing key, taken out of its database with the master key, to sign what the server never would.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::world::World;

/// The key that signs the server's access tokens.
pub(crate) async fn signing_key(world: &World) -> SigningKey {
    let file = world.folder().join("gatepass.db.key");
    let text = std::fs::read_to_string(file).expect("the master key");
    let master = STANDARD.decode(text.trim_end()).expect("base64");
    let mut seal = [0; 32];
    Prk::new_less_safe(HKDF_SHA256, &master)
        .expand(&[b"gatepass ", b"seal"], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut seal))
        .expect("32 bytes");
    let store = gatepass_store::open(&world.config.database)
        .await
        .expect("the database");
    let keys = store.list(Kind::SealedKey).await.expect("its keys");
    let sealed = keys
        .into_iter()
        .find_map(|record| match record {
            Record::SealedKey(key) if key.purpose == "sign" && key.alg == "ES256" => Some(key),
            _ => None,
        })
        .expect("a signing key");
    SigningKey::from_pkcs8(&open(&seal, &sealed)).expect("a key")
}

fn open(seal: &[u8; 32], key: &SealedKey) -> Vec<u8> {
    let (_, rest) = key.sealed.split_first().expect("a format");
    let (nonce, body) = rest.split_first_chunk::<12>().expect("a nonce");
    let mut body = body.to_vec();
    let aad = format!("sign:{}", key.key_id);
    RandomizedNonceKey::new(&AES_256_GCM, seal)
        .and_then(|key| {
            let plain = key.open_in_place(Nonce::from(nonce), Aad::from(aad.as_str()), &mut body);
            plain.map(|plain| plain.to_vec())
        })
        .expect("it opens")
}

/// The claims of a token that the API believes.
pub(crate) fn claims(world: &World) -> Value {
    let now = now();
    json!({
        "iss": world.issuer, "sub": "us_1", "aud": format!("{}/api", world.issuer), "client_id": world.set().client_id,
        "scope": "read", "iat": now, "exp": now + 60, "jti": "j1",
    })
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// A compact JWS of these parts.
pub(crate) fn compact(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!(
        "{}.{}",
        signing_input(header, claims),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

/// What is signed.
pub(crate) fn signing_input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
