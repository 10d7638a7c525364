use gatepass_http::Origin;
use gatepass_proto::{Scope, Timestamp};

use crate::Credential;
use crate::tokens::{FailedRenewal, StoredToken};

/// What is known of a session's credential without asking anybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// `basic`, `digest`, `netrc`, `bearer`, `api_key`, `login` or `oauth`.
    pub method: &'static str,
    /// Where the credential goes.
    pub api: Vec<Origin>,
    /// How the token stands.
    pub state: TokenState,
    /// When the token was asked for.
    pub obtained_at: Option<Timestamp>,
    /// When it expires, where that is known.
    pub expires_at: Option<Timestamp>,
    /// Its scope, where that is known.
    pub scope: Option<Scope>,
    /// Who issued it, where that is known.
    pub issuer: Option<String>,
    /// Whose it is: the user name or mail address of the login, else the subject; where that is known.
    pub account: Option<String>,
    /// Whether it is bound to a key of ours (RFC 9449).
    pub dpop: bool,
    /// The last attempt to renew it, if that failed.
    pub failed: Option<FailedRenewal>,
    /// Where it is kept, for people; `None` when nothing is.
    pub place: Option<String>,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// This method has no token to keep.
    NotNeeded,
    /// A token is there that has not expired.
    Valid,
    /// No valid token is there; the next request makes one without a person.
    Renewable,
    /// A person has to log in.
    LoginNeeded,
}

impl Status {
    pub(crate) fn of(
        credential: &Credential,
        api: &[Origin],
        token: Option<&StoredToken>,
        place: String,
        now: Timestamp,
    ) -> Self {
        let renewable =
            !credential.needs_person() || token.is_some_and(|token| token.refresh_token.is_some());
        let state = match token {
            _ if !credential.makes_tokens() => TokenState::NotNeeded,
            Some(token) if token.is_alive(now) => TokenState::Valid,
            _ if renewable => TokenState::Renewable,
            _ => TokenState::LoginNeeded,
        };
        Self {
            method: credential.method(),
            api: api.to_vec(),
            state,
            obtained_at: token.map(|token| token.obtained_at),
            expires_at: token.and_then(|token| token.expires_at),
            scope: token.and_then(|token| token.scope.clone()),
            issuer: token.and_then(|token| token.issuer.clone()),
            account: token
                .and_then(|token| token.account.clone().or_else(|| token.subject.clone())),
            dpop: token.is_some_and(|token| token.token_type.eq_ignore_ascii_case("dpop")),
            failed: token.and_then(|token| token.failed.clone()),
            place: token.is_some().then_some(place),
        }
    }
}
