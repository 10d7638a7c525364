//! ID tokens as a client checks them (OpenID Connect Core 1.0 §3.1.3.7, and §12.2 after a refresh), and as a server
//! writes them and knows them again.

mod claims;
mod fault;
mod hint;
mod issued;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

pub use self::claims::IdClaims;
pub use self::fault::IdTokenFault;
pub use self::hint::hint;
pub use self::issued::{ALGORITHMS, IdToken, TYP, algorithm};
use crate::jose::{KeySet, VerifiedJws, numeric_date};
use crate::{ClientId, Secret, Timestamp};

/// What stands for the tenant in the issuer of a server with many of them.
const TENANT: &str = "{tenantid}";

/// Against what an ID token is checked. Printing shows nothing that tells of a person or a login.
#[derive(Clone)]
pub struct IdTokenExpect {
    /// The only `iss` that is believed.
    pub issuer: String,
    /// For servers whose one key set serves many issuers, as Microsoft's `common` does: the issuer with `{tenantid}` in
    /// the place of the token's `tid`. Where there is one, it is compared instead of `issuer`, and with the `issuer` of
    /// the key too. Whether that tenant is welcome is for the caller to say.
    pub issuer_template: Option<String>,
    /// Who must be in `aud`.
    pub client_id: ClientId,
    /// The `nonce` that was sent. After a refresh the one of the login, if it is known.
    pub nonce: Option<String>,
    /// The `max_age` that was sent, in seconds.
    pub max_age: Option<u64>,
    /// The values of `acr` that will do; empty where none was asked for.
    pub acr_values: Vec<String>,
    /// The server's `id_token_signing_alg_values_supported`; empty allows every asymmetric one spoken here.
    pub algorithms: Vec<String>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: Option<Secret>,
    /// The code that came with it, for `c_hash`.
    pub code: Option<Secret>,
    /// Checks HS256, if `algorithms` names it.
    pub client_secret: Option<Secret>,
    /// After a refresh: the `sub` of the login.
    pub subject: Option<String>,
    /// By how much clocks may differ.
    pub leeway: Duration,
}

impl IdTokenExpect {
    /// What every ID token is checked for: its issuer and its audience. A minute is left between the clocks.
    pub fn new(issuer: impl Into<String>, client_id: ClientId) -> Self {
        Self {
            issuer: issuer.into(),
            issuer_template: None,
            client_id,
            nonce: None,
            max_age: None,
            acr_values: Vec::new(),
            algorithms: Vec::new(),
            access_token: None,
            code: None,
            client_secret: None,
            subject: None,
            leeway: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for IdTokenExpect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenExpect")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Checks an ID token in every respect (§3.1.3.7). The signature is always checked, even where TLS alone would do
/// (point 6); a token for several clients must name this one in `azp`, which is how the others are known to be trusted
/// (points 3 to 5).
///
/// # Errors
///
/// [`IdTokenFault`], which never holds any part of the token.
pub fn check(
    token: &str,
    keys: &KeySet,
    expect: &IdTokenExpect,
    now: Timestamp,
) -> Result<IdClaims, IdTokenFault> {
    let secret = expect.client_secret.as_ref();
    let jws = VerifiedJws::check_for_client(token, keys, &expect.algorithms, secret)?;
    if !jws.is_plain() {
        return Err(IdTokenFault::Typ);
    }
    let claims: IdClaims =
        serde_json::from_slice(&jws.payload).map_err(|_| IdTokenFault::Claims)?;
    if claims.sub.is_empty() {
        return Err(IdTokenFault::Claims);
    }
    check_issuer(&claims, &jws, expect)?;
    check_parties(&claims, expect)?;
    check_times(&claims, expect, now)?;
    check_login(&claims, expect, now)?;
    for (claim, text, fault) in [
        (
            "at_hash",
            &expect.access_token,
            IdTokenFault::AccessTokenHash,
        ),
        ("c_hash", &expect.code, IdTokenFault::CodeHash),
    ] {
        let hash = claims.extra.get(claim).filter(|hash| !hash.is_null());
        if let (Some(hash), Some(text)) = (hash, text)
            && hash.as_str() != half_hash(jws.alg, text).as_deref()
        {
            return Err(fault);
        }
    }
    Ok(claims)
}

/// Point 2.
fn check_issuer(
    claims: &IdClaims,
    jws: &VerifiedJws,
    expect: &IdTokenExpect,
) -> Result<(), IdTokenFault> {
    let Some(template) = &expect.issuer_template else {
        return if claims.iss == expect.issuer {
            Ok(())
        } else {
            Err(IdTokenFault::Issuer)
        };
    };
    let tenant = claims.extra.get("tid").and_then(Value::as_str);
    let tenant = tenant
        .filter(|tid| is_tenant(tid))
        .ok_or(IdTokenFault::Issuer)?;
    if !template.contains(TENANT) || claims.iss != template.replace(TENANT, tenant) {
        return Err(IdTokenFault::Issuer);
    }
    let published_for = jws.key_issuer.as_ref();
    if published_for.is_some_and(|issuer| issuer.replace(TENANT, tenant) != claims.iss) {
        return Err(IdTokenFault::KeyIssuer);
    }
    Ok(())
}

/// Whether it can be put into a path without changing its meaning.
fn is_tenant(tid: &str) -> bool {
    (1..=64).contains(&tid.len()) && tid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Points 3 to 5.
fn check_parties(claims: &IdClaims, expect: &IdTokenExpect) -> Result<(), IdTokenFault> {
    let us = expect.client_id.as_str();
    if !claims.aud.iter().any(|own| own == us) {
        return Err(IdTokenFault::Audience);
    }
    let azp = claims.azp.as_deref();
    let others = claims.aud.iter().any(|own| own != us);
    if azp.is_some_and(|azp| azp != us) || (others && azp.is_none()) {
        return Err(IdTokenFault::AuthorizedParty);
    }
    Ok(())
}

/// Points 9 and 10; and `nbf`, which binds in every JWT (RFC 7519 §4.1.5).
fn check_times(
    claims: &IdClaims,
    expect: &IdTokenExpect,
    now: Timestamp,
) -> Result<(), IdTokenFault> {
    if now - expect.leeway >= Timestamp::from_secs(claims.exp) {
        return Err(IdTokenFault::Expired);
    }
    let not_before = match claims.extra.get("nbf") {
        None | Some(Value::Null) => 0,
        Some(claim) => numeric_date(claim).map_err(|_| IdTokenFault::Claims)?,
    };
    if now + expect.leeway < Timestamp::from_secs(claims.iat.max(not_before)) {
        return Err(IdTokenFault::NotYet);
    }
    Ok(())
}

/// Points 11 to 13, and the subject after a refresh.
fn check_login(
    claims: &IdClaims,
    expect: &IdTokenExpect,
    now: Timestamp,
) -> Result<(), IdTokenFault> {
    if let Some(subject) = &expect.subject {
        if claims.sub != *subject {
            return Err(IdTokenFault::Subject);
        }
        // §12.2: there should be no nonce now; one that is there is that of the login.
        let both = claims.nonce.as_ref().zip(expect.nonce.as_ref());
        if both.is_some_and(|(own, sent)| own != sent) {
            return Err(IdTokenFault::Nonce);
        }
    } else if claims.nonce != expect.nonce {
        // A nonce that nobody sent is from somebody else's login.
        return Err(IdTokenFault::Nonce);
    }
    if !expect.acr_values.is_empty()
        && !claims
            .acr
            .as_ref()
            .is_some_and(|acr| expect.acr_values.contains(acr))
    {
        return Err(IdTokenFault::Acr);
    }
    if let Some(max_age) = expect.max_age {
        let asked = claims.auth_time.map(Timestamp::from_secs);
        let asked = asked.filter(|asked| *asked <= now + expect.leeway);
        let asked = asked.ok_or(IdTokenFault::AuthTime)?;
        if asked + Duration::from_secs(max_age) + expect.leeway < now {
            return Err(IdTokenFault::MaxAge);
        }
    }
    Ok(())
}

/// The left half of the hash of an ASCII text, by the hash of the token's own algorithm (§3.1.3.6).
fn half_hash(alg: &str, text: &Secret) -> Option<String> {
    let algorithm = match alg {
        "ES256" | "RS256" | "PS256" | "HS256" => &SHA256,
        "ES384" => &SHA384,
        // Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
        "EdDSA" => &SHA512,
        _ => return None,
    };
    let hash = digest(algorithm, text.expose().as_bytes());
    let half = hash.as_ref().get(..hash.as_ref().len() / 2)?;
    Some(URL_SAFE_NO_PAD.encode(half))
}

#[cfg(test)]
mod tests;
