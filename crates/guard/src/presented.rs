use gatepass_proto::Secret;
use gatepass_proto::dpop::DPOP;
use gatepass_proto::message::credentials::{Credentials, CredentialsError};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Request};

use crate::bound::Bound;
use crate::refusal::Refusal;

/// The header that API keys are sent in.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The longest header with credentials that is looked at, in bytes: no token that is longer is good.
const MAX_LEN: usize = 16 * 1024;

/// What a request presents as proof. It is read from headers alone, never from the query (RFC 9700 §4.3.2).
#[derive(Debug)]
pub(crate) enum Presented {
    Authorization(Credentials),
    ApiKey(Secret),
    Bound(Bound),
}

/// What is read besides `Authorization`, in which Basic and Bearer come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spoken {
    pub(crate) api_keys: bool,
    pub(crate) dpop: bool,
}

impl Presented {
    /// Reads the credentials of a request, at most one kind of them, once. A scheme that nobody here speaks
    /// counts as none: the answer will name the ones that are spoken.
    pub(crate) fn read<B>(request: &Request<B>, spoken: Spoken) -> Result<Option<Self>, Refusal> {
        let headers = request.headers();
        let authorization = single(headers, &AUTHORIZATION)?;
        let api_key = if spoken.api_keys {
            single(headers, &X_API_KEY)?
        } else {
            None
        };
        match (authorization, api_key) {
            (None, None) if is_in_query(request) => Err(Refusal::InvalidRequest(
                "the access token stands in the query, where others read it; send it in the Authorization header",
            )),
            (None, None) => Ok(None),
            (None, Some(key)) => Ok(Some(Self::ApiKey(Secret::new(key)))),
            (Some(value), None) if spoken.dpop && is_dpop(value) => {
                Ok(Some(Self::Bound(bound(value, request)?)))
            }
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
    pub(crate) fn remove(headers: &mut HeaderMap, spoken: Spoken) {
        headers.remove(AUTHORIZATION);
        if spoken.api_keys {
            headers.remove(X_API_KEY);
        }
        if spoken.dpop {
            headers.remove(DPOP);
        }
    }
}

/// Whether a token came where none is taken (RFC 6750 §2.3): logs, histories and referrers would have it.
fn is_in_query<B>(request: &Request<B>) -> bool {
    let mut params = request.uri().query().unwrap_or_default().split('&');
    params.any(|param| param.split('=').next() == Some("access_token"))
}

fn is_dpop(value: &str) -> bool {
    let scheme = value.trim().split(' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("dpop")
}

/// The token is written as after `Bearer` (RFC 9449 §7.1).
fn bound<B>(value: &str, request: &Request<B>) -> Result<Bound, Refusal> {
    let token = value.trim().split_once(' ').map(|(_, rest)| rest.trim());
    let token = token.ok_or(MALFORMED)?;
    match Credentials::parse(&format!("Bearer {token}")) {
        Ok(Credentials::Bearer(token)) => Ok(Bound {
            token,
            proofs: request
                .headers()
                .get_all(DPOP)
                .iter()
                .map(|value| value.to_str().unwrap_or_default().to_owned())
                .collect(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }),
        _ => Err(MALFORMED),
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
    if value.len() > MAX_LEN {
        return Err(Refusal::TooLarge);
    }
    value.to_str().map(Some).map_err(|_| MALFORMED)
}
