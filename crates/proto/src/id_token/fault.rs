use crate::jose::JwsFault;

/// Why an ID token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// The signature, or what is around it; among them an encrypted token, and an algorithm that is not allowed.
    #[error("ID token: {0}")]
    Jws(JwsFault),
    /// No key of this id; a fresh copy of the key set may have it.
    #[error("ID token is signed with a key that the server does not publish")]
    UnknownKey,
    /// Another kind of JWT: an access token, for one (RFC 8725 §3.11).
    #[error("ID token is another kind of token")]
    Typ,
    /// A claim that §2 requires is missing, or one is of the wrong type.
    #[error("ID token lacks a required claim, or one is malformed")]
    Claims,
    /// From somebody else.
    #[error("ID token is from another issuer")]
    Issuer,
    /// Signed with a key that is published for another issuer.
    #[error("ID token is signed with another issuer's key")]
    KeyIssuer,
    /// For somebody else.
    #[error("ID token is for another client")]
    Audience,
    /// Issued to somebody else, or for several without saying to whom.
    #[error("ID token was issued to another client")]
    AuthorizedParty,
    /// Too late.
    #[error("ID token has expired; is this machine's clock right?")]
    Expired,
    /// Too early.
    #[error("ID token is from the future; is this machine's clock right?")]
    NotYet,
    /// Not from this login.
    #[error("ID token is not from this login: its nonce differs")]
    Nonce,
    /// `max_age` was sent, and `auth_time` is missing or from the future.
    #[error("ID token does not say when the person logged in")]
    AuthTime,
    /// The person was asked longer ago than `max_age`.
    #[error("the login is older than was asked for; log in again")]
    MaxAge,
    /// Not one of the `acr` that will do.
    #[error("the login is weaker than was asked for; log in again with a stronger method")]
    Acr,
    /// `at_hash` is not of the access token that came with it.
    #[error("ID token belongs to another access token")]
    AccessTokenHash,
    /// `c_hash` is not of the code that came with it.
    #[error("ID token belongs to another code")]
    CodeHash,
    /// After a refresh: about somebody else.
    #[error("ID token is about another person than the login was")]
    Subject,
}

impl From<JwsFault> for IdTokenFault {
    fn from(fault: JwsFault) -> Self {
        match fault {
            JwsFault::UnknownKey => Self::UnknownKey,
            other => Self::Jws(other),
        }
    }
}
