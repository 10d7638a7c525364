use std::borrow::Cow;
use std::time::Duration;

use gatepass_proto::ErrorCode;
use gatepass_proto::dpop::ProofFault;
use http::StatusCode;

use crate::path::PathFault;
use crate::ports::Unavailable;

/// Why a request does not pass. [`crate::Guard::refuse`] makes an answer of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing that could be checked was presented.
    #[error("credentials are required")]
    NoCredentials,
    /// What was presented cannot be read (RFC 6750 §3.1).
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// What was presented is larger than anything that could be good.
    #[error("the credentials are larger than 16 KiB")]
    TooLarge,
    /// A username or password that is not right.
    #[error("the username or the password is wrong")]
    WrongPassword,
    /// An access token or API key that is not good.
    #[error("{0}")]
    InvalidToken(Cow<'static, str>),
    /// An access token that came with the wrong key or scheme, or came as `DPoP` and is not good.
    #[error("{0}")]
    InvalidBound(Cow<'static, str>),
    /// A DPoP proof that is missing or not good (RFC 9449 §7.1).
    #[error("{0}")]
    BadProof(ProofFault),
    /// Good credentials that do not open this.
    #[error("the credentials do not have the scope that is required")]
    InsufficientScope,
    /// Good credentials of a user who logged in too long ago, or not well enough (RFC 9470 §3).
    #[error("a login of another kind is required, or a more recent one")]
    InsufficientLogin,
    /// Nobody gets through here.
    #[error("nobody may do this")]
    Denied,
    /// It cannot be said where the path leads.
    #[error("{0}")]
    BadPath(#[from] PathFault),
    /// Too many wrong guesses.
    #[error("too many failed attempts; wait before the next one")]
    Throttled(Duration),
    /// Too much is being checked at once.
    #[error("too many credentials are being checked; try again")]
    Busy,
    /// Somebody who would have to be asked cannot answer; the reason is for the log alone.
    #[error("the server cannot answer right now; try again")]
    Unavailable(#[from] Unavailable),
}

impl Refusal {
    /// A token that is not good, for a reason that is no secret.
    pub(crate) const fn token(why: &'static str) -> Self {
        Self::InvalidToken(Cow::Borrowed(why))
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials
            | Self::WrongPassword
            | Self::InvalidToken(_)
            | Self::InvalidBound(_)
            | Self::BadProof(_)
            | Self::InsufficientLogin => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest(_) | Self::BadPath(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::InsufficientScope | Self::Denied => StatusCode::FORBIDDEN,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `error` of the body and of the challenge. RFC 6750 has no code for missing credentials, a wrong password or
    /// what is closed to everybody; `unauthorized` and `access_denied` say so in the body alone.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials | Self::WrongPassword => "unauthorized",
            Self::InvalidRequest(_) | Self::TooLarge | Self::BadPath(_) => {
                ErrorCode::InvalidRequest.as_str()
            }
            Self::InvalidToken(_) | Self::InvalidBound(_) => ErrorCode::InvalidToken.as_str(),
            Self::BadProof(fault) => fault.code(),
            Self::InsufficientScope => ErrorCode::InsufficientScope.as_str(),
            Self::InsufficientLogin => "insufficient_user_authentication",
            Self::Denied => ErrorCode::AccessDenied.as_str(),
            Self::Throttled(_) | Self::Busy | Self::Unavailable(_) => {
                ErrorCode::TemporarilyUnavailable.as_str()
            }
        }
    }

    /// When to come again, in whole seconds, rounded up so that nobody comes too early.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Throttled(wait) => Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
            Self::Busy => Some(1),
            _ => None,
        }
    }

    /// Whether the credentials are to blame that were presented, and not that there are none.
    pub(crate) fn blames_token(&self) -> bool {
        matches!(
            self,
            Self::InvalidRequest(_)
                | Self::TooLarge
                | Self::InvalidToken(_)
                | Self::InvalidBound(_)
                | Self::InsufficientScope
                | Self::InsufficientLogin
        )
    }
}
