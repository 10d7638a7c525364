//! What a judgement knows so far, and what it lacks.

use std::time::Duration;

use super::Halt;
use super::documents::Document;
use super::record::{ApiKey, Client, Code, Denied, Grant, Key, Record, Session, User};
use crate::{ClientId, Digest, GrantId, Secret, UserId};

/// A fact that a judgement lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The record at this key, or that there is none.
    Record(Key),
    /// Whether this is the password of this user. The shell charges the guess before it looks.
    Password {
        /// What was typed as the name; it may be nobody's.
        username: String,
        /// What was typed as the password.
        given: Secret,
    },
    /// The keys that a client publishes; see [`Facts::client_keys`].
    Keys {
        /// Its `jwks_uri`.
        uri: String,
        /// The `kid` that is looked for.
        kid: Option<String>,
    },
    /// A document; see [`Facts::document`].
    Document(Document),
    /// What the document at this `client_id` describes; see [`Facts::client`].
    Described(ClientId),
    /// The secret of a client; see [`Facts::client_secret`].
    ClientSecret {
        /// Whose.
        client_id: ClientId,
        /// What is kept of it: `sealed_secret`.
        sealed: String,
    },
}

/// What came of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordFact {
    /// It is this user's, and the account is not locked.
    Right(UserId),
    /// There is no such user, the password is another, or the account is locked: which, is not said.
    Wrong,
    /// Too many wrong guesses; nothing was checked.
    Throttled(Duration),
    /// Too many passwords are being checked at once.
    Busy,
}

/// What a judgement knows so far.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// A handful at most: a list is faster than a map.
    records: Vec<(Key, Option<Record>)>,
    password: Option<PasswordFact>,
    pub(super) known: super::client_keys::Known,
    pub(super) fetched: super::documents::Fetched,
    raced: bool,
}

macro_rules! lookups {
    ($($(#[$doc:meta])* $name:ident($key:ident: $by:ty) -> $record:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`Halt::Need`] while it is not known.
            pub fn $name(&self, by: &$by) -> Result<Option<&$record>, Halt> {
                match self.record(Key::$key(by.to_owned()))? {
                    Some(Record::$record(record)) => Ok(Some(record)),
                    _ => Ok(None),
                }
            }
        )*
    };
}

impl Facts {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is still known after a commit lost a race against another request: no record, but a password is
    /// neither checked nor charged twice.
    #[must_use]
    pub fn after_race(self) -> Self {
        Self {
            records: Vec::new(),
            password: self.password,
            known: self.known,
            fetched: self.fetched,
            raced: true,
        }
    }

    /// Whether this judgement is repeated because another request was faster.
    pub fn raced(&self) -> bool {
        self.raced
    }

    /// Learns what is at `key`.
    pub fn learn(&mut self, key: Key, record: Option<Record>) {
        self.records.retain(|(known, _)| *known != key);
        self.records.push((key, record));
    }

    /// Learns what came of the password.
    pub fn learn_password(&mut self, fact: PasswordFact) {
        self.password = Some(fact);
    }

    lookups! {
        /// A client that is registered here. See [`Facts::client`] for the others.
        registered(Client: ClientId) -> Client;
        /// A user by `sub`.
        user(User: UserId) -> User;
        /// A user by name.
        username(Username: str) -> User;
        /// A session by its cookie's digest.
        session(Session: Digest) -> Session;
        /// A code by its digest.
        code(Code: Digest) -> Code;
        /// A grant.
        grant(Grant: GrantId) -> Grant;
        /// An API key by its digest.
        api_key(ApiKey: Digest) -> ApiKey;
        /// A withdrawn access token by `jti`.
        denied(Denied: str) -> Denied;
    }

    /// What came of checking this password.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while it is not known.
    pub fn password(&self, username: &str, given: &Secret) -> Result<&PasswordFact, Halt> {
        self.password.as_ref().ok_or_else(|| {
            Halt::Need(vec![Need::Password {
                username: username.to_owned(),
                given: given.clone(),
            }])
        })
    }

    pub(super) fn record(&self, key: Key) -> Result<Option<&Record>, Halt> {
        match self.records.iter().find(|(known, _)| *known == key) {
            Some((_, record)) => Ok(record.as_ref()),
            None => Err(Halt::Need(vec![Need::Record(key)])),
        }
    }
}
