//! DPoP proofs at this server's own endpoints, and the nonces that it wants in them (RFC 9449 §5, §8).

use std::borrow::Cow;

use axum::response::Response;
use gatepass_proto::dpop::{DPOP_NONCE, Nonces, Proof, ProofFault, ProvenRequest};
use gatepass_proto::{OAuthError, Secret};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::app::App;
use crate::extract::{self, ProtocolRequest};

/// The proof that a request posted to `path` carries, if it does.
///
/// # Errors
///
/// `use_dpop_nonce`, `invalid_dpop_proof`.
pub(crate) fn proof(
    app: &App,
    request: &ProtocolRequest,
    path: &str,
) -> Result<Option<Proof>, OAuthError> {
    if request.proofs.is_empty() {
        return Ok(None);
    }
    let proofs = &request.proofs;
    read(app, proofs, &Method::POST, path, None, Some(app.nonces()))
}

/// Reads the proof of a request for `path`, by whichever of our addresses the client knows that: clients that show a
/// certificate know another (RFC 8705 §5).
fn read(
    app: &App,
    proofs: &[String],
    method: &Method,
    path: &str,
    access_token: Option<&Secret>,
    nonces: Option<&Nonces>,
) -> Result<Option<Proof>, OAuthError> {
    let at = |base: &str| {
        let url = Url::parse(&format!("{base}{path}")).map_err(|_| OAuthError::unavailable())?;
        let proven = ProvenRequest {
            method,
            url: &url,
            access_token,
            nonces,
        };
        let values = proofs.iter().map(String::as_str);
        Ok(Proof::read(values, &proven, app.clock().now())?)
    };
    match (at(app.issuer()), app.certified().base()) {
        (Err(here), Some(base)) => at(base).map_err(|there: OAuthError| nearer(here, there)),
        (read, _) => read,
    }
}

/// Of two refusals the one that says more: a proof that is for another address says nothing of what else is wrong.
fn nearer(here: OAuthError, there: OAuthError) -> OAuthError {
    let elsewhere = OAuthError::from(ProofFault::Request);
    if here == elsewhere { there } else { here }
}

/// The scheme `DPoP` says of a token what `Bearer` does (RFC 9449 §7.1), but for the proof that comes along.
pub(crate) fn as_bearer(authorization: &str) -> Cow<'_, str> {
    match bound(authorization) {
        Some(token) => Cow::Owned(format!("Bearer {token}")),
        None => Cow::Borrowed(authorization),
    }
}

/// The proof of a request for a resource of this server's own: there has to be one with the scheme `DPoP`, and it counts
/// for nothing with another.
///
/// # Errors
///
/// `invalid_dpop_proof`.
pub(crate) fn shown(
    app: &App,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    token: &Secret,
) -> Result<Option<Proof>, OAuthError> {
    let authorization = extract::authorization(headers)?;
    if authorization.as_deref().and_then(bound).is_none() {
        return Ok(None);
    }
    let proofs = extract::proofs(headers);
    let proof = read(app, &proofs, method, path, Some(token), None)?;
    Ok(Some(proof.ok_or(ProofFault::Missing)?))
}

/// Whether what was presented came with the scheme `DPoP`.
pub(crate) fn is_scheme(headers: &HeaderMap) -> bool {
    let authorization = extract::authorization(headers).ok().flatten();
    authorization.as_deref().and_then(bound).is_some()
}

fn bound(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("dpop")
        .then(|| token.trim_start())
}

/// Every answer to a proof brings the nonce for the next (§8.2).
pub(crate) fn with_nonce(app: &App, request: &ProtocolRequest, mut answer: Response) -> Response {
    if request.proofs.is_empty() {
        return answer;
    }
    let nonce = app.nonces().current(app.clock().now());
    if let Ok(value) = HeaderValue::from_str(&nonce) {
        answer.headers_mut().insert(DPOP_NONCE, value);
    }
    answer
}
