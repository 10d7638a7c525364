use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use gatepass_proto::dpop::ProofFault;
use gatepass_proto::jose::ALGORITHMS;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::{ErrorCode, Scope};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::ports::Unavailable;

/// Why a request does not pass.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nothing that could be checked was presented.
    NoCredentials,
    /// What was presented cannot be read (RFC 6750 §3.1).
    InvalidRequest(&'static str),
    /// A username or password that is not right.
    WrongPassword,
    /// An access token or API key that is not good.
    InvalidToken(Cow<'static, str>),
    /// An access token that came with the wrong key or scheme, or came as `DPoP` and is not good.
    InvalidBound(Cow<'static, str>),
    /// A DPoP proof that is missing or not good (RFC 9449 §7.1).
    BadProof(ProofFault),
    /// Good credentials that do not open this.
    InsufficientScope,
    /// Too many wrong guesses.
    Throttled(Duration),
    /// Too many passwords are being checked at once.
    Busy,
    /// A port cannot answer.
    Unavailable(Unavailable),
}

/// What the challenges of a guard say.
#[derive(Debug)]
pub(crate) struct Challenges<'a> {
    pub(crate) realm: &'a str,
    pub(crate) bearer: bool,
    pub(crate) basic: bool,
    pub(crate) dpop: bool,
    pub(crate) required: &'a Scope,
}

impl Refusal {
    /// The answer, which nobody may keep.
    pub(crate) fn respond<B: From<Bytes>>(&self, challenges: &Challenges<'_>) -> Response<B> {
        let body = json!({ "error": self.code(), "error_description": self.description() });
        let mut response = Response::new(Bytes::from(body.to_string()).into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        for challenge in self.challenges(challenges) {
            if let Ok(value) = HeaderValue::from_bytes(challenge.to_string().as_bytes()) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        response
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials
            | Self::WrongPassword
            | Self::InvalidToken(_)
            | Self::InvalidBound(_)
            | Self::BadProof(_) => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The body's `error`. RFC 6750 has no code for missing credentials or a wrong password; `unauthorized` is
    /// ours.
    fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials | Self::WrongPassword => "unauthorized",
            Self::InvalidRequest(_) => ErrorCode::InvalidRequest.as_str(),
            Self::InvalidToken(_) | Self::InvalidBound(_) => ErrorCode::InvalidToken.as_str(),
            Self::BadProof(fault) => fault.code(),
            Self::InsufficientScope => ErrorCode::InsufficientScope.as_str(),
            Self::Throttled(_) | Self::Busy | Self::Unavailable(_) => {
                ErrorCode::TemporarilyUnavailable.as_str()
            }
        }
    }

    fn description(&self) -> Cow<'_, str> {
        let text = match self {
            Self::NoCredentials => "credentials are required",
            Self::InvalidRequest(text) => text,
            Self::WrongPassword => "the username or the password is wrong",
            Self::InvalidToken(text) | Self::InvalidBound(text) => text,
            Self::BadProof(fault) => return Cow::Owned(fault.to_string()),
            Self::InsufficientScope => "the credentials do not have the scope that is required",
            Self::Throttled(_) => "too many failed attempts; wait before the next one",
            Self::Busy => "too many passwords are being checked; try again",
            Self::Unavailable(_) => "the server cannot answer right now; try again",
        };
        Cow::Borrowed(text)
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled(wait) => Some(*wait),
            Self::Busy => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// A 401 names every scheme that would do (RFC 9110 §11.6.1). The error stands in the Bearer challenge alone,
    /// and not at all where no token was presented (RFC 6750 §3.1).
    fn challenges(&self, of: &Challenges<'_>) -> Vec<Challenge> {
        let mut list = Vec::new();
        let blames_token = matches!(
            self,
            Self::InvalidRequest(_)
                | Self::InvalidToken(_)
                | Self::InvalidBound(_)
                | Self::InsufficientScope
        );
        let unauthorized = self.status() == StatusCode::UNAUTHORIZED;
        // First, for the programs that read no further than the first challenge are of its age.
        if of.basic && unauthorized {
            let basic = Challenge::new("Basic").with("realm", of.realm);
            list.push(basic.with("charset", "UTF-8"));
        }
        if of.bearer && (blames_token || unauthorized) {
            let mut bearer = Challenge::new("Bearer").with("realm", of.realm);
            if blames_token {
                bearer = bearer
                    .with("error", self.code())
                    .with("error_description", self.description());
            }
            if matches!(self, Self::InsufficientScope) {
                bearer = bearer.with("scope", of.required.to_string());
            }
            list.push(bearer);
        }
        let blames_binding = matches!(self, Self::InvalidBound(_) | Self::BadProof(_));
        if of.dpop && (blames_binding || matches!(self, Self::NoCredentials)) {
            let mut dpop = Challenge::new("DPoP").with("algs", ALGORITHMS.join(" "));
            if blames_binding {
                dpop = dpop
                    .with("error", self.code())
                    .with("error_description", self.description());
            }
            list.push(dpop);
        }
        list
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

/// Rounded up, so that nobody comes too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
