//! The server's half of a proof (RFC 9449 §4.3): what an authorization server and a resource believe of one.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use url::Url;

use super::{Nonces, TYP, USE_DPOP_NONCE, target};
use crate::decide::change::Change;
use crate::jose::{EmbeddedJws, JwsFault, numeric_date};
use crate::{Digest, ErrorCode, OAuthError, Secret, Timestamp};

/// The space of the `jti` that were seen; see [`Change::Once`].
pub const PROOFS: &str = "dpop";

/// How old a proof may be (§11.1).
pub const MAX_AGE: Duration = Duration::from_secs(60);
/// By how much the clock of who made it may be ahead of ours.
pub const LEEWAY: Duration = Duration::from_secs(30);
/// The longest `jti`, in bytes.
const MAX_JTI: usize = 512;

/// A proof that is good in all that needs no memory. Whether it was seen before is still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint of its key (RFC 7638).
    pub jkt: String,
    /// The algorithm that it is signed with.
    pub alg: &'static str,
    /// Stands for the key and the `jti`.
    pub digest: Digest,
    /// When it was made, by the clock of who made it.
    pub made_at: Timestamp,
}

/// The request that a proof is for.
#[derive(Clone, Copy, Debug)]
pub struct ProvenRequest<'a> {
    /// Its method: `htm`.
    pub method: &'a Method,
    /// Its address, as the client knows it: `htu`.
    pub url: &'a Url,
    /// At a resource the access token: `ath`.
    pub access_token: Option<&'a Secret>,
    /// Who made the nonces that are asked for; `None` where none is.
    pub nonces: Option<&'a Nonces>,
}

/// Why a proof is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// There is more than one (§4.3, 1).
    #[error("the request carries more than one DPoP proof")]
    Several,
    /// There is none where one has to be.
    #[error("the request carries no DPoP proof")]
    Missing,
    /// The signature, or what is around it.
    #[error("DPoP proof: {0}")]
    Jws(#[from] JwsFault),
    /// Another kind of JWT.
    #[error("the DPoP header holds another kind of JWT")]
    Typ,
    /// A claim is missing or of the wrong kind.
    #[error("the DPoP proof lacks a claim, or one is of the wrong kind")]
    Claims,
    /// For another method or address.
    #[error("the DPoP proof is for another request: htm or htu differs")]
    Request,
    /// For another access token.
    #[error("the DPoP proof is for another access token: ath differs")]
    AccessToken,
    /// Too old, or from the future.
    #[error("the DPoP proof is not of this moment: iat is too far from our clock")]
    Stale,
    /// Its nonce is missing, or is not one of ours that still counts (§8).
    #[error("the DPoP proof needs the nonce of the DPoP-Nonce header")]
    Nonce,
    /// It was seen before.
    #[error("the DPoP proof was used already")]
    Replayed,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    #[serde(deserialize_with = "numeric_date")]
    iat: u64,
    ath: Option<String>,
    nonce: Option<String>,
}

impl Proof {
    /// Reads the values of a request's `DPoP` headers; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`ProofFault`], which never holds any part of the proof.
    pub fn read<'h>(
        values: impl IntoIterator<Item = &'h str>,
        request: &ProvenRequest<'_>,
        now: Timestamp,
    ) -> Result<Option<Self>, ProofFault> {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(only), None) => Self::check(only, request, now).map(Some),
            (Some(_), Some(_)) => Err(ProofFault::Several),
        }
    }

    /// Checks one proof.
    ///
    /// # Errors
    ///
    /// [`ProofFault`], which never holds any part of the proof.
    pub fn check(
        proof: &str,
        request: &ProvenRequest<'_>,
        now: Timestamp,
    ) -> Result<Self, ProofFault> {
        let signed = EmbeddedJws::check(proof)?;
        if signed.jws.typ.as_deref() != Some(TYP) {
            return Err(ProofFault::Typ);
        }
        let claims: Claims =
            serde_json::from_slice(&signed.jws.payload).map_err(|_| ProofFault::Claims)?;
        if claims.jti.is_empty() || claims.jti.len() > MAX_JTI {
            return Err(ProofFault::Claims);
        }
        if claims.htm != request.method.as_str() || !is_at(&claims.htu, request.url) {
            return Err(ProofFault::Request);
        }
        check_access_token(claims.ath.as_deref(), request.access_token)?;
        // Before the time: who has no nonce yet may not have our time either, and learns both.
        if let Some(nonces) = request.nonces
            && !claims.nonce.is_some_and(|own| nonces.are_ours(&own, now))
        {
            return Err(ProofFault::Nonce);
        }
        let made_at = Timestamp::from_secs(claims.iat);
        if now > made_at + MAX_AGE || made_at > now + LEEWAY {
            return Err(ProofFault::Stale);
        }
        Ok(Self {
            digest: Digest::of(format!("{}\0{}", signed.thumbprint, claims.jti)),
            jkt: signed.thumbprint,
            alg: signed.jws.alg,
            made_at,
        })
    }

    /// It is good once, for as long as it would be good.
    pub fn once(&self) -> Change {
        Change::Once {
            space: PROOFS,
            hash: self.digest,
            until: self.made_at + MAX_AGE + Duration::from_secs(1),
        }
    }
}

/// The address without query and fragment, both brought into one form (§4.3).
fn is_at(htu: &str, url: &Url) -> bool {
    Url::parse(htu).is_ok_and(|named| target(&named) == target(url))
}

fn check_access_token(ath: Option<&str>, token: Option<&Secret>) -> Result<(), ProofFault> {
    let expected = token.map(|token| token.digest().to_base64url());
    match (ath, expected) {
        // Without a token there is nothing for it to be of, and who sends it all the same does no harm.
        (_, None) => Ok(()),
        (Some(ath), Some(expected)) if ath == expected => Ok(()),
        _ => Err(ProofFault::AccessToken),
    }
}

impl From<ProofFault> for OAuthError {
    /// As an authorization server says it (§5, §8).
    fn from(fault: ProofFault) -> Self {
        let code = match fault {
            ProofFault::Nonce => ErrorCode::UseDpopNonce,
            _ => ErrorCode::InvalidDpopProof,
        };
        Self::new(code, fault.to_string())
    }
}

impl ProofFault {
    /// The error's code, which an authorization server and a resource have in common (§7.1, §9).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nonce => USE_DPOP_NONCE,
            _ => ErrorCode::InvalidDpopProof.as_str(),
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
