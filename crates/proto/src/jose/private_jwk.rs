use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Secret;

/// A private JWK as it is read (RFC 7518 §6, RFC 8037 §2); its private members are wiped.
#[derive(Deserialize)]
pub(super) struct PrivateJwk {
    pub(super) kty: String,
    pub(super) crv: Option<String>,
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
    pub(super) n: Option<String>,
    pub(super) e: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) d: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) p: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) q: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) dp: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) dq: Option<Secret>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) qi: Option<Secret>,
    pub(super) alg: Option<String>,
    pub(super) kid: Option<String>,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
}

impl PrivateJwk {
    /// The private members of an RSA key (RFC 7518 §6.3.2).
    pub(super) fn rsa_members(&self) -> Vec<(&'static str, Secret)> {
        let members = [
            ("d", &self.d),
            ("p", &self.p),
            ("q", &self.q),
            ("dp", &self.dp),
            ("dq", &self.dq),
            ("qi", &self.qi),
        ];
        members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }
}

/// Writes a private JWK: the public one, and the private members behind it.
pub(super) fn write(public: &Value, private: &[(&'static str, Secret)]) -> Option<Secret> {
    let public = public.to_string();
    let more: usize = private.iter().map(|(_, value)| value.expose().len()).sum();
    // With room enough from the start, no copy is left behind by growing.
    let mut text = String::with_capacity(public.len() + more + 16 * private.len() + 1);
    text.push_str(public.strip_suffix('}')?);
    for (name, value) in private {
        // Base64url needs no escapes.
        for part in [",\"", name, "\":\"", value.expose(), "\""] {
            text.push_str(part);
        }
    }
    text.push('}');
    Some(Secret::new(text))
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(Secret::new))
}
