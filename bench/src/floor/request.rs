//! Who is asking, and for what.

use std::borrow::Cow;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use super::{CLIENT, Floor, jwt};

/// The one client, with its secret in HTTP Basic.
pub(super) fn authenticate(floor: &Floor, headers: &HeaderMap) -> Result<(), StatusCode> {
    let right = || {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let bytes = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
        let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
        let same = jwt::sha256(secret.as_bytes()).ct_eq(&floor.secret);
        (id == CLIENT && bool::from(same)).then_some(())
    };
    right().ok_or(StatusCode::UNAUTHORIZED)
}

/// One parameter of a form.
pub(super) fn param<'a>(body: &'a [u8], name: &str) -> Result<Cow<'a, str>, StatusCode> {
    let mut pairs = form_urlencoded::parse(body);
    let found = pairs.find(|(own, _)| own == name);
    found.map(|(_, value)| value).ok_or(StatusCode::BAD_REQUEST)
}
