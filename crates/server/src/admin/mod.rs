//! What an operator does to users, clients and keys; the command line and the ready-made set use it alike.

mod audit;
mod claims;
mod clients;
mod grants;
mod keys;
mod proving;
mod sessions;
mod users;

use std::path::PathBuf;
use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_store::{CommitError, Store, StoreError};

use crate::config::{MASTER_KEY, beside_database};
use crate::passwords::Passwords;

pub use audit::AuditFilter;
pub use claims::ClaimChanges;
pub use clients::NewClient;
pub(crate) use clients::client;
pub(crate) use grants::revocation;
pub(crate) use sessions::ending;

/// The longest name of a user, a client or a key, in bytes.
const MAX_NAME: usize = 256;

/// Administers one database. A running server sees the changes at once.
pub struct Admin {
    store: Arc<dyn Store>,
    passwords: Passwords,
    master_key: Option<PathBuf>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name or id is in use.
    #[error("{0} exists already; choose another name")]
    Taken(String),
    /// There is no such thing.
    #[error("{0} does not exist")]
    Missing(String),
    /// It cannot be registered so.
    #[error("{0}")]
    Invalid(String),
    /// The password.
    #[error("{0}")]
    Password(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Admin {
    /// Opens the database: a path, `sqlite:PATH`, `postgres://…` or `memory:`.
    ///
    /// # Errors
    ///
    /// The database cannot be opened.
    pub async fn open(database: &str) -> Result<Self, AdminError> {
        let opened = Self::over(gatepass_store::open(database).await?);
        Ok(opened.master_key(beside_database(database, MASTER_KEY)))
    }

    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            passwords: Passwords::new(),
            master_key: None,
        }
    }

    async fn commit(
        &self,
        changes: Vec<Change>,
        what: impl Fn() -> String,
    ) -> Result<(), AdminError> {
        self.store
            .commit(changes)
            .await
            .map_err(|error| match error {
                CommitError::Conflict | CommitError::Spent => AdminError::Taken(what()),
                CommitError::Store(error) => AdminError::Store(error),
            })
    }
}

fn check_name(what: &str, name: &str) -> Result<(), AdminError> {
    if name.trim() != name
        || name.is_empty()
        || name.len() > MAX_NAME
        || name.chars().any(char::is_control)
    {
        let text = format!(
            "{what} must be 1 to {MAX_NAME} bytes, without spaces around it or control characters"
        );
        return Err(AdminError::Invalid(text));
    }
    Ok(())
}
