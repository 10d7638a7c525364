//! Logout tokens (OpenID Connect Back-Channel Logout 1.0): by which a provider tells its clients, server to server, that
//! somebody has logged out.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::access_token::Audience;
use super::{JwsFault, KeySet, LEEWAY, UnverifiedJws, VerifiedJws, numeric_date};
use crate::{ClientId, Secret, Timestamp};

/// The `typ` of a logout token (§2.4), which no other kind of JWT has.
pub const TYP: &str = "logout+jwt";
/// What a logout token says has happened (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The furthest `exp` that is taken, in seconds from now: a `jti` is remembered until then. §2.4 advises two minutes.
const MAX_AHEAD: u64 = 24 * 3600;

/// The claims of a logout token (§2.4). Printing shows none that tell of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutToken {
    /// `iss`.
    pub iss: String,
    /// `aud`.
    pub aud: Audience,
    /// `iat`, in seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub iat: u64,
    /// `exp`, in seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    /// `jti`.
    pub jti: String,
    /// `sub`: who has logged out; alone, of all their sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// `sid`: of which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `events`.
    pub events: Events,
}

/// What has happened: somebody has logged out. Other events beside that one are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Value")]
pub struct Events;

impl TryFrom<Map<String, Value>> for Events {
    type Error = &'static str;

    fn try_from(events: Map<String, Value>) -> Result<Self, Self::Error> {
        let is_logout = events.get(EVENT).is_some_and(Value::is_object);
        is_logout
            .then_some(Self)
            .ok_or("no logout among the events")
    }
}

impl From<Events> for Value {
    fn from(_: Events) -> Self {
        json!({ EVENT: {} })
    }
}

impl fmt::Debug for LogoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutToken")
            .field("iss", &self.iss)
            .field("jti", &self.jti)
            .field("iat", &self.iat)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

/// Against what a logout token is checked.
#[derive(Clone, Copy, Debug)]
pub struct LogoutExpect<'a> {
    /// The only `iss` that is believed.
    pub issuer: &'a str,
    /// Who must be in `aud`.
    pub client_id: &'a ClientId,
    /// The server's `id_token_signing_alg_values_supported`; empty allows every asymmetric one spoken here.
    pub algorithms: &'a [String],
    /// Checks HS256, if `algorithms` names it.
    pub client_secret: Option<&'a Secret>,
}

/// Why a logout token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutFault {
    /// The signature, or what is around it.
    #[error("logout token: {0}")]
    Jws(JwsFault),
    /// No key of this id; a fresh copy of the key set may have it.
    #[error("logout token is signed with a key that the server does not publish")]
    UnknownKey,
    /// Another kind of JWT: an ID token with a `nonce`, an access token (§2.6 point 6, RFC 8725 §3.11).
    #[error("logout token is another kind of token")]
    Typ,
    /// A claim that §2.4 requires is missing, or one is of the wrong type.
    #[error("logout token lacks a required claim, or one is malformed")]
    Claims,
    /// It tells neither who nor which session (§2.6 point 4).
    #[error("logout token has neither sub nor sid")]
    Nobody,
    /// From somebody else.
    #[error("logout token is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("logout token is for another client")]
    Audience,
    /// Too late.
    #[error("logout token has expired; is this machine's clock right?")]
    Expired,
    /// Too early.
    #[error("logout token is from the future; is this machine's clock right?")]
    NotYet,
    /// Longer than anybody will remember its `jti`.
    #[error("logout token is good for more than a day; expected two minutes")]
    TooLong,
}

impl From<JwsFault> for LogoutFault {
    fn from(fault: JwsFault) -> Self {
        match fault {
            JwsFault::UnknownKey => Self::UnknownKey,
            other => Self::Jws(other),
        }
    }
}

impl LogoutToken {
    /// The id of the key that it says it is signed with, believed in nothing: only good for looking the key up.
    pub fn kid(token: &str) -> Option<String> {
        UnverifiedJws::read(token).ok()?.kid
    }

    /// Checks a logout token in every respect but one (§2.6): that its `jti` is new is for the caller to see to, up to
    /// `exp` and [the leeway](Self::forgotten_at) after it.
    ///
    /// The `typ` may be missing, for it is only advised (§2.4): `events` must be there and `nonce` must not, so that no
    /// ID token passes for one.
    ///
    /// # Errors
    ///
    /// [`LogoutFault`], which never holds any part of the token.
    pub fn check(
        token: &str,
        keys: &KeySet,
        expect: &LogoutExpect<'_>,
        now: Timestamp,
    ) -> Result<Self, LogoutFault> {
        let secret = expect.client_secret;
        let jws = VerifiedJws::check_for_client(token, keys, expect.algorithms, secret)?;
        if !jws.is_plain() && jws.typ.as_deref() != Some(TYP) {
            return Err(LogoutFault::Typ);
        }
        let members: Map<String, Value> =
            serde_json::from_slice(&jws.payload).map_err(|_| LogoutFault::Claims)?;
        if members.contains_key("nonce") {
            return Err(LogoutFault::Typ);
        }
        let claims: Self = serde_json::from_slice(&jws.payload).map_err(|_| LogoutFault::Claims)?;
        claims.check_claims(expect, now)?;
        Ok(claims)
    }

    /// When nobody takes it any more, and its `jti` need not be remembered.
    pub fn forgotten_at(&self) -> Timestamp {
        Timestamp::from_secs(self.exp) + LEEWAY
    }

    fn check_claims(&self, expect: &LogoutExpect<'_>, now: Timestamp) -> Result<(), LogoutFault> {
        if self.iss != expect.issuer {
            return Err(LogoutFault::Issuer);
        }
        if !self.aud.has(expect.client_id.as_str()) {
            return Err(LogoutFault::Audience);
        }
        let is_empty = |claim: &Option<String>| claim.as_deref() == Some("");
        if self.jti.is_empty() || is_empty(&self.sub) || is_empty(&self.sid) {
            return Err(LogoutFault::Claims);
        }
        if self.sub.is_none() && self.sid.is_none() {
            return Err(LogoutFault::Nobody);
        }
        if now >= self.forgotten_at() {
            return Err(LogoutFault::Expired);
        }
        if now + LEEWAY < Timestamp::from_secs(self.iat) {
            return Err(LogoutFault::NotYet);
        }
        if self.exp > now.as_secs().saturating_add(MAX_AHEAD) {
            return Err(LogoutFault::TooLong);
        }
        Ok(())
    }
}
