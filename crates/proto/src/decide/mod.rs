//! The server's pure judgement: facts in, changes and an outcome out.
//!
//! A judgement is asked again until it lacks no fact. It returns [`Halt::Need`] to say which it lacks; the shell
//! looks those up and asks again. Once it is [`Done`] the shell commits its changes, all or none, and only then
//! gives the outcome away. A refusal may carry changes too: a replayed code means "revoke the grant" *and*
//! `invalid_grant`.

pub mod change;
mod client_keys;
pub mod details;
pub mod documents;
pub mod facts;
pub(crate) mod family;
mod id_token;
pub mod issue;
pub mod item;
pub mod live;
pub mod login;
pub mod notice;
pub mod opaque_token;
pub(crate) mod person;
pub mod policy;
pub mod record;
pub(crate) mod redirect;
pub mod rules;
mod subject;

pub use facts::{Facts, Need, PasswordFact};
pub use family::RefreshKeys;
pub use id_token::id_token_alg;
pub use issue::Issue;
pub use redirect::{RedirectUriFault, check_redirect_uri};
pub use rules::Rules;
pub use subject::Pairwise;
pub(crate) use subject::host_of;

use crate::OAuthError;
use change::Change;

/// A judgement that lacks nothing: what to commit, and what to give away once that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// To be committed, all or none.
    pub changes: Vec<Change>,
    /// To be given away afterwards.
    pub value: T,
}

impl<T> Done<T> {
    /// A judgement that changes nothing.
    pub fn unchanged(value: T) -> Self {
        Self {
            changes: Vec::new(),
            value,
        }
    }
}

/// Why a judgement stops before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Facts are lacking: look them up and ask again.
    Need(Vec<Need>),
    /// The answer is no.
    Refuse(Refusal),
}

/// A refusal, and what it changes nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// To be committed before the refusal is sent; if that fails the answer is 503.
    pub changes: Vec<Change>,
    /// What the other side is told.
    pub error: OAuthError,
}

impl From<OAuthError> for Halt {
    fn from(error: OAuthError) -> Self {
        Self::Refuse(Refusal {
            changes: Vec::new(),
            error,
        })
    }
}

/// What a judgement returns.
pub type Judged<T> = Result<Done<T>, Halt>;
