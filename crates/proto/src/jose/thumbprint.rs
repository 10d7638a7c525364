use serde_json::{Map, Value};

use crate::Digest;

/// The thumbprint of a JWK (RFC 7638) by SHA-256; `None` for a key that lacks a member or is of another kind than EC,
/// OKP and RSA. A private key has the thumbprint of its public half.
pub fn thumbprint(jwk: &Value) -> Option<String> {
    let members = required(jwk)?;
    let mut text = String::from("{");
    // The members in the order of their names (RFC 7638 §3.3), whatever order the map has.
    for (name, value) in &members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&format!(r#""{name}":{value}"#));
    }
    text.push('}');
    Some(Digest::of(text).to_base64url())
}

/// The members that make the key and nothing else (RFC 7638 §3.2): what goes into the header of a proof.
pub(crate) fn bare(jwk: &Value) -> Option<Map<String, Value>> {
    let members = required(jwk)?;
    Some(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect(),
    )
}

fn required(jwk: &Value) -> Option<Vec<(&'static str, &Value)>> {
    let names: &[&'static str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let members = names.iter().map(|name| {
        let value = jwk.get(*name)?;
        value.is_string().then_some((*name, value))
    });
    members.collect()
}
