//! What the conversations share that show a token in place of the client's proof (RFC 6750).

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::post::{refusal, retry_after};
use super::{FlowError, Response};
use crate::Secret;
use crate::message::challenge::Challenge;
use crate::message::known::KnownSecrets;
use crate::message::said::clean;

/// The `Authorization` header: `Bearer` (RFC 6750 §2.1) or `DPoP` (RFC 9449 §7.1).
pub(super) fn authorization(scheme: &str, token: &Secret) -> Result<HeaderValue, FlowError> {
    let text = Zeroizing::new(format!("{scheme} {}", token.expose()));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| FlowError::Setup("the token cannot stand in a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The refusal in an answer that is not a success: in the words of its body, or of its challenge (RFC 6750 §3), without
/// the secrets that its request had.
pub(super) fn refused(response: &Response, known: &KnownSecrets) -> FlowError {
    match refusal(response, known) {
        FlowError::BadAnswer(fault) => {
            challenged(response, known).unwrap_or(FlowError::BadAnswer(fault))
        }
        error => error,
    }
}

/// A server that says nothing with its 401 does not take the token, for one was shown (§3.1).
fn challenged(response: &Response, known: &KnownSecrets) -> Option<FlowError> {
    let status = response.status();
    let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenge = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(Challenge::parse_list)
        .find(|challenge| challenge.param("error").is_some());
    let said = |name| {
        let text = challenge.as_ref()?.param(name)?;
        Some(clean(text, known))
    };
    let error = said("error")
        .or_else(|| (status == StatusCode::UNAUTHORIZED).then(|| "invalid_token".to_owned()))?;
    Some(FlowError::Refused {
        error,
        description: said("error_description")
            .or_else(|| Some(format!("the server answered {status}"))),
        status: Some(status),
        retry_after: retry_after(response),
    })
}
