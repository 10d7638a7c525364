//! A signed identity: a JWT that only the API of this gate takes, and only for a minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_http::OsEntropy;
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{Cx, Digest, Secret, Timestamp};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::told::Told;
use crate::config::{AssertionEntry, ConfigError};

/// The `typ` of a signed identity, which no other kind of JWT has (RFC 8725 §3.11).
pub(super) const TYP: &str = "gatepass-identity+jwt";
/// What one is good for at most.
const LONGEST: Duration = Duration::from_secs(60);
/// For how long one is used again for the same caller, at most a quarter of its life.
const AGAIN: Duration = Duration::from_secs(5);
/// How many callers are remembered.
const CALLERS: usize = 1024;

/// Signs identities.
pub(crate) struct Assertions {
    pub(super) header: HeaderName,
    key: SigningKey,
    issuer: String,
    audience: String,
    lifetime: Duration,
    /// What was signed of late, by what it says.
    signed: Mutex<BTreeMap<Digest, (Timestamp, HeaderValue)>>,
}

impl Assertions {
    /// `issuer` is who signs, `audience` for whom, unless the settings name another, `key` with what, in PEM.
    pub(super) fn new(
        entry: &AssertionEntry,
        issuer: &str,
        audience: Option<&str>,
        key: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Self, ConfigError> {
        let fault = |reason: String| ConfigError::setting("identity.jwt", reason);
        let header: HeaderName = entry
            .header
            .parse()
            .map_err(|_| fault(format!("{:?} is not the name of a header", entry.header)))?;
        if entry.lifetime.is_zero() || entry.lifetime > LONGEST {
            return Err(fault("lifetime: expected \"1s\" to \"60s\"".to_owned()));
        }
        let audience = entry.audience.as_deref().or(audience).ok_or_else(|| {
            fault("audience: there is no upstream to be meant; say who checks it".to_owned())
        })?;
        let key = match key {
            Some(pem) => SigningKey::from_pem(pem.expose(), None),
            None => SigningKey::generate("ES256", &mut Cx::new(now, &mut OsEntropy)),
        };
        Ok(Self {
            header,
            key: key.map_err(|error| fault(error.to_string()))?,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetime: entry.lifetime,
            signed: Mutex::default(),
        })
    }

    /// The public key, as a JWK set.
    pub(super) fn keys(&self) -> Value {
        KeySet::of([self.key.jwk()]).to_json()
    }

    /// One for this caller, signed now or a moment ago.
    pub(super) fn of(&self, told: &Told<'_>, now: Timestamp) -> Option<HeaderValue> {
        let claims = self.claims(told);
        let digest = Digest::of(serde_json::to_string(&claims).ok()?.as_bytes());
        let signed = || self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: Timestamp| at <= now && now.since(at) < AGAIN.min(self.lifetime / 4);
        if let Some((_, value)) = signed().get(&digest).filter(|(at, _)| fresh(*at)) {
            return Some(value.clone());
        }
        let value = self.sign(claims, now)?;
        let mut signed = signed();
        if signed.len() >= CALLERS {
            signed.retain(|_, (at, _)| fresh(*at));
        }
        if signed.len() < CALLERS {
            signed.insert(digest, (now, value.clone()));
        }
        Some(value)
    }

    /// What is the same at any moment. A `sub` is one person's only together with who says so, which `sub_id` has
    /// (RFC 9493 §3.2.3).
    fn claims(&self, told: &Told<'_>) -> Map<String, Value> {
        let claims = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": told.subject,
            "sub_id": told.issuer.map(|issuer| {
                json!({ "format": "iss_sub", "iss": issuer, "sub": told.subject })
            }),
            "client_id": told.client_id,
            "scope": told.scope,
            "scheme": told.scheme,
            "preferred_username": told.username,
            "email": told.email,
            "groups": (!told.groups.is_empty()).then_some(&told.groups),
            "act": told.actor.map(|actor| json!({ "sub": actor })),
            "acr": told.acr,
            "auth_time": told.auth_time,
        });
        match claims {
            Value::Object(claims) => claims
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect(),
            _ => Map::new(),
        }
    }

    fn sign(&self, mut claims: Map<String, Value>, now: Timestamp) -> Option<HeaderValue> {
        let jti: [u8; 16] = Cx::new(now, &mut OsEntropy).bytes();
        let (iat, exp) = (now.as_secs(), (now + self.lifetime).as_secs());
        claims.insert("iat".to_owned(), iat.into());
        claims.insert("exp".to_owned(), exp.into());
        claims.insert("jti".to_owned(), URL_SAFE_NO_PAD.encode(jti).into());
        let token = self.key.sign(TYP, &claims).ok()?;
        HeaderValue::try_from(token).ok()
    }
}
