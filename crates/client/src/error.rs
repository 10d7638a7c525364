use std::sync::Arc;

use gatepass_http::{DriveError, Origin, PersonError, ResourceError, SetupError};
use gatepass_proto::flow::{FlowError, Unreachable};

use crate::{Advice, ConfigError, SecretError, tokens::StoreError};

/// What went wrong, whose fault it is, and what to do next. Never holds a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The credential or the request cannot be used as it is given.
    #[error("{0}")]
    Setup(String),
    /// The profiles cannot be read or written.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The stored tokens cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request is for an origin that this credential is not for.
    #[error("this credential is not for {origin}; it goes to {} only", list(.api))]
    WrongOrigin {
        /// Whom the request is for.
        origin: String,
        /// Whom the credential is for.
        api: Vec<Origin>,
    },
    /// The request is for another part of the origin than the one that the token was issued for.
    #[error("the token is for {}, and {url} is not below it", .resource.join(", "))]
    OtherResource {
        /// Where the request was to go, without its query.
        url: String,
        /// What the token is for.
        resource: Vec<String>,
    },
    /// What a resource or its authorization server says of itself cannot be gone by.
    #[error("{0}")]
    Discovery(String),
    /// The token could not be renewed by somebody else who shares it, a moment ago.
    #[error("the token could not be renewed: {0}")]
    Renewal(String),
    /// Only a person's login helps.
    #[error("login needed: {0}; run `gatepass login`")]
    LoginNeeded(String),
    /// The authorization server refused, or could not be understood.
    #[error(transparent)]
    Flow(Arc<FlowError>),
    /// A login endpoint refused.
    #[error("the login endpoint answered {status}{}", .reason.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    LoginRefused {
        /// The status of its answer.
        status: http::StatusCode,
        /// What it said, where that is an OAuth error.
        reason: Option<String>,
        /// Seconds to wait, where the server said so.
        retry_after: Option<u64>,
    },
    /// The person did not answer.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The request for the resource failed.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// The resource refused; see [`Response::error_for_status`](crate::Response::error_for_status).
    #[error("{origin} answered {status}{}", .advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default())]
    Status {
        /// The status of its answer.
        status: http::StatusCode,
        /// Who answered.
        origin: String,
        /// What would help, where the resource said so.
        advice: Option<Advice>,
    },
    /// An answer could not be read.
    #[error("the answer cannot be read: {0}")]
    Answer(String),
}

impl Error {
    /// Whether the same may succeed later: a network failure, a time-out, 429 or 5xx.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Flow(error) => error.is_temporary(),
            Self::LoginRefused { status, .. } | Self::Status { status, .. } => {
                status.is_server_error() || status.as_u16() == 429
            }
            Self::Resource(error) => matches!(error, ResourceError::Unreachable(_)),
            Self::Person(error) => matches!(error, PersonError::TimedOut),
            Self::Store(error) => error.is_temporary(),
            Self::Renewal(_) => true,
            _ => false,
        }
    }

    /// Whether a login by a person is what helps.
    pub fn is_login_needed(&self) -> bool {
        matches!(
            self,
            Self::LoginNeeded(_) | Self::Person(PersonError::Nobody)
        )
    }

    /// Whether the server understood and said no.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Flow(error) => {
                matches!(**error, FlowError::Refused { .. }) && !error.is_temporary()
            }
            Self::LoginRefused { .. } | Self::Status { .. } => !self.is_temporary(),
            _ => false,
        }
    }

    /// How long the server asked to wait, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Flow(error) => match **error {
                FlowError::Refused { retry_after, .. } => retry_after,
                _ => None,
            },
            Self::LoginRefused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Flow(error) if matches!(**error, FlowError::Unreachable(_)))
    }

    /// Whether the server refused with this code.
    pub(crate) fn is_refused_as(&self, code: &str) -> bool {
        let refused =
            |flow: &FlowError| matches!(flow, FlowError::Refused { error, .. } if error == code);
        matches!(self, Self::Flow(error) if refused(error))
    }

    pub(crate) fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Flow(error) if error.is_invalid_grant())
    }
}

impl From<FlowError> for Error {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Setup(text) => Self::Setup(text),
            error => Self::Flow(Arc::new(error)),
        }
    }
}

impl From<DriveError> for Error {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::Flow(error) => error.into(),
            DriveError::Person(error) => error.into(),
        }
    }
}

impl From<Unreachable> for Error {
    fn from(error: Unreachable) -> Self {
        FlowError::from(error).into()
    }
}

impl From<SetupError> for Error {
    fn from(error: SetupError) -> Self {
        Self::Setup(error.to_string())
    }
}

fn list(api: &[Origin]) -> String {
    if api.is_empty() {
        return "no origin (name some in `api`)".to_owned();
    }
    api.iter()
        .map(Origin::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
