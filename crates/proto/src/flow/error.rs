use super::Unreachable;
use crate::id_token::IdTokenFault;

/// Why a conversation ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The network failed; nothing is known about whether the request arrived. Try again.
    #[error("could not reach the server: {0}")]
    Unreachable(#[from] Unreachable),
    /// The server refused, in its own words.
    #[error("{error}{}", .description.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Refused {
        /// The `error` code.
        error: String,
        /// The server's `error_description`.
        description: Option<String>,
        /// The status it came with; `None` when it came through the browser.
        status: Option<http::StatusCode>,
        /// Seconds to wait, where the server said so.
        retry_after: Option<u64>,
    },
    /// The answer is not what the standard allows.
    #[error("the server's answer cannot be used: {0}")]
    BadAnswer(String),
    /// The ID token is not to be believed (OpenID Connect Core §3.1.3.7).
    #[error("the ID token cannot be believed: {0}")]
    IdToken(#[from] IdTokenFault),
    /// The browser brought back another `state`: an old page, or somebody else's login (RFC 6749 §10.12).
    #[error(
        "the login that came back is not the one that was started (state differs); start again"
    )]
    StateMismatch,
    /// The browser came back from another authorization server (RFC 9207 §2.4).
    #[error("the login came back from issuer {got:?}, expected {expected:?}")]
    IssuerMismatch {
        /// Whom the login was started with.
        expected: String,
        /// Who answered, or nothing.
        got: String,
    },
    /// The request cannot be made from what is configured.
    #[error("{0}")]
    Setup(String),
    /// The caller fed an input that this step did not ask for.
    #[error("unexpected input: this is a bug in the caller")]
    OutOfTurn,
}

impl FlowError {
    /// Whether the server said `invalid_grant`: the credential is spent and only a new login helps. A server that is in
    /// trouble itself is not believed about that.
    pub fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "invalid_grant")
            && !self.is_temporary()
    }

    /// Whether the same request may succeed later: a network failure, 429 or 5xx.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused {
                status: Some(status),
                ..
            } => status.is_server_error() || *status == http::StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }
}
