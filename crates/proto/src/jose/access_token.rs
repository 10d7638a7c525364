//! Access tokens as JWTs (RFC 9068).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JwsFault, KeySet, VerifiedJws, numeric_date_if_any};
use crate::{ClientId, GrantId, Scope, Timestamp};

/// The `typ` of an access token (RFC 9068 §2.1), which no other kind of JWT has.
pub const TYP: &str = "at+jwt";

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// `iss`.
    pub iss: String,
    /// `sub`: the user, or the client itself where there is none.
    pub sub: String,
    /// `aud`.
    pub aud: Audience,
    /// `client_id`.
    pub client_id: ClientId,
    /// `scope`.
    #[serde(default)]
    pub scope: Scope,
    /// `iat`, in seconds since 1970.
    pub iat: u64,
    /// `exp`, in seconds since 1970.
    pub exp: u64,
    /// `nbf`, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// `jti`.
    pub jti: String,
    /// `cnf`: what whoever uses it has to prove; anybody may use a token without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The grant it came from; none for a client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
    /// `authorization_details`: what it permits besides its scope (RFC 9396 §9.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<serde_json::Value>,
    /// `act`: who acts for `sub`, and before them whom (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<serde_json::Value>,
    /// `auth_time`: when the user logged in, in seconds since 1970 (RFC 9068 §2.2.1).
    #[serde(
        default,
        deserialize_with = "numeric_date_if_any",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_time: Option<u64>,
    /// `acr`: how well (RFC 9068 §2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

/// To what a token is bound (RFC 7800 §3.1). With neither member it is bound to something that is not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// `jkt`: the thumbprint of a DPoP key (RFC 9449 §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// `x5t#S256`: the thumbprint of a certificate (RFC 8705 §3.1).
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
}

/// What whoever shows a token has proven to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held<'a> {
    /// The key of a DPoP proof: its thumbprint.
    pub jkt: Option<&'a str>,
    /// The certificate of the connection: its thumbprint.
    pub x5t_s256: Option<&'a str>,
}

/// `aud`: one text, or a list of them (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// The audience of these resources.
    pub fn of(resources: &[String]) -> Self {
        match resources {
            [one] => Self::One(one.clone()),
            many => Self::Many(many.to_vec()),
        }
    }

    /// Whether `resource` is meant.
    pub fn has(&self, resource: &str) -> bool {
        self.iter().any(|own| own == resource)
    }

    /// Every resource meant.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
        .map(String::as_str)
    }
}

/// Against what an access token is checked.
#[derive(Clone, Debug)]
pub struct Expect<'a> {
    /// The only `iss` that is believed.
    pub issuer: &'a str,
    /// The resource that must be in `aud`; `None` where any will do, which only the issuer itself may say.
    pub audience: Option<&'a str>,
    /// By how much clocks may differ.
    pub leeway: Duration,
}

/// Why an access token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenFault {
    /// The signature, or what is around it.
    #[error(transparent)]
    Jws(#[from] JwsFault),
    /// Another kind of JWT (RFC 8725 §3.11).
    #[error("token is not an access token")]
    Typ,
    /// A claim that RFC 9068 requires is missing or of the wrong type.
    #[error("token lacks a required claim")]
    Claims,
    /// From somebody else.
    #[error("token is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("token is for another audience")]
    Audience,
    /// Too late.
    #[error("token has expired")]
    Expired,
    /// Too early.
    #[error("token is not valid yet")]
    NotYet,
}

impl AccessToken {
    /// Its `token_type` (RFC 9449 §5): what stands before it in the `Authorization` header.
    pub fn token_type(&self) -> &'static str {
        match &self.cnf {
            Some(Confirmation { jkt: Some(_), .. }) => "DPoP",
            _ => "Bearer",
        }
    }

    /// Whether it may be used by whoever has proven to have this. A bound token is good only with all that it is bound to,
    /// and what is not bound to a key is no DPoP token (RFC 8705 §3, RFC 9449 §7.1, §7.2). What it is bound to in another
    /// way, nobody here can check, so nobody may use it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn check_binding(&self, held: Held<'_>) -> Result<(), &'static str> {
        let unbound = Confirmation::default();
        let cnf = self.cnf.as_ref().unwrap_or(&unbound);
        if self.cnf.as_ref() == Some(&unbound) {
            return Err("token is bound to something that is not checked here");
        }
        match (cnf.jkt.as_deref(), held.jkt) {
            (None, Some(_)) => return Err("token is not bound to a key; send it as Bearer"),
            (Some(_), None) => {
                return Err("token is bound to a key; send it as DPoP, with a proof");
            }
            (bound, held) if bound != held => return Err("token is bound to another key"),
            _ => {}
        }
        match (cnf.x5t_s256.as_deref(), held.x5t_s256) {
            (None, _) => Ok(()),
            (Some(_), None) => Err("token is bound to a certificate; show it on the connection"),
            (bound, held) if bound == held => Ok(()),
            _ => Err("token is bound to another certificate"),
        }
    }

    /// What a token says of itself, believed in nothing: only good for naming what will have to be looked up when it is
    /// checked.
    pub fn peek(token: &str) -> Option<Self> {
        serde_json::from_slice(&VerifiedJws::peek(token)?).ok()
    }

    /// Checks a token in every respect that needs no database.
    ///
    /// # Errors
    ///
    /// [`AccessTokenFault`], which never holds any part of the token.
    pub fn check(
        token: &str,
        keys: &KeySet,
        expect: &Expect<'_>,
        now: Timestamp,
    ) -> Result<Self, AccessTokenFault> {
        let jws = VerifiedJws::check(token, keys)?;
        if jws.typ.as_deref() != Some(TYP) {
            return Err(AccessTokenFault::Typ);
        }
        let claims: Self =
            serde_json::from_slice(&jws.payload).map_err(|_| AccessTokenFault::Claims)?;
        claims.check_claims(expect, now)?;
        Ok(claims)
    }

    /// Checks what a token says, where somebody vouches that its issuer says so: a signature, or the issuer's answer.
    ///
    /// # Errors
    ///
    /// [`AccessTokenFault`], which never holds any part of the token.
    pub fn check_claims(
        &self,
        expect: &Expect<'_>,
        now: Timestamp,
    ) -> Result<(), AccessTokenFault> {
        if self.iss != expect.issuer {
            return Err(AccessTokenFault::Issuer);
        }
        if expect
            .audience
            .is_some_and(|audience| !self.aud.has(audience))
        {
            return Err(AccessTokenFault::Audience);
        }
        if now - expect.leeway >= Timestamp::from_secs(self.exp) {
            return Err(AccessTokenFault::Expired);
        }
        let earliest = self.nbf.unwrap_or_default().max(self.iat);
        if now + expect.leeway < Timestamp::from_secs(earliest) {
            return Err(AccessTokenFault::NotYet);
        }
        Ok(())
    }
}
