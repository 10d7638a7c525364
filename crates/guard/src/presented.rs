use gatepass_proto::Secret;
use gatepass_proto::message::credentials::{Credentials, CredentialsError};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use crate::refusal::Refusal;

/// The header that API keys are sent in.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request presents as proof. It is read from headers alone, never from the query (RFC 9700 §4.3.2).
#[derive(Debug)]
pub(crate) enum Presented {
    Authorization(Credentials),
    ApiKey(Secret),
}

impl Presented {
    /// Reads the credentials of a request, at most one kind of them, once. A scheme that nobody here speaks
    /// counts as none: the answer will name the ones that are spoken.
    pub(crate) fn read(headers: &HeaderMap, api_keys: bool) -> Result<Option<Self>, Refusal> {
        let authorization = single(headers, &AUTHORIZATION)?;
        let api_key = if api_keys {
            single(headers, &X_API_KEY)?
        } else {
            None
        };
        match (authorization, api_key) {
            (None, None) => Ok(None),
            (None, Some(key)) => Ok(Some(Self::ApiKey(Secret::new(key)))),
            (Some(value), None) => match Credentials::parse(value) {
                Ok(credentials) => Ok(Some(Self::Authorization(credentials))),
                Err(CredentialsError::Scheme) => Ok(None),
                Err(CredentialsError::Malformed) => Err(MALFORMED),
            },
            (Some(_), Some(_)) => Err(Refusal::InvalidRequest(
                "the request carries two kinds of credentials",
            )),
        }
    }

    /// Removes what [`Presented::read`] has read.
    pub(crate) fn remove(headers: &mut HeaderMap, api_keys: bool) {
        headers.remove(AUTHORIZATION);
        if api_keys {
            headers.remove(X_API_KEY);
        }
    }
}

const MALFORMED: Refusal = Refusal::InvalidRequest("the credentials are malformed");

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::InvalidRequest(
            "the request carries credentials more than once",
        ));
    }
    value.to_str().map(Some).map_err(|_| MALFORMED)
}
