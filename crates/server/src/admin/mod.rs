//! What an operator does to users, clients and keys; the command line and the ready-made set use it alike.

mod audit;
mod backup;
mod claims;
mod clients;
mod export;
mod grants;
mod import;
mod keys;
mod proving;
mod published;
mod server_keys;
mod sessions;
mod telling;
mod transferring;
mod users;

use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::rules::EndGrants;
use gatepass_store::{CommitError, CopyError, Store, StoreError};

use crate::config::{KeySource, MASTER_KEY, beside_database};
use crate::keys::KeyRotation;
use crate::passwords::Passwords;

pub use audit::AuditFilter;
pub use backup::{back_up, master_key_place, restore};
pub use claims::ClaimChanges;
pub use clients::NewClient;
pub(crate) use clients::client;
pub(crate) use grants::revocation;
pub use import::Imported;
pub use server_keys::ServerKey;
pub use transferring::TransferError;

/// The longest name of a user, a client or a key, in bytes.
const MAX_NAME: usize = 256;

/// Administers one database. A running server sees the changes at once.
pub struct Admin {
    store: Arc<dyn Store>,
    passwords: Passwords,
    master_key: Option<KeySource>,
    key_rotation: KeyRotation,
    end_grants: EndGrants,
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
    /// A copy of the whole database.
    #[error(transparent)]
    Copy(#[from] CopyError),
}

impl Admin {
    /// Opens the database: a path, `sqlite:PATH`, `postgres://…` or `memory:`.
    ///
    /// # Errors
    ///
    /// The database cannot be opened.
    pub async fn open(database: &str) -> Result<Self, AdminError> {
        let opened = Self::over(gatepass_store::open(database).await?);
        let beside = beside_database(database, MASTER_KEY);
        Ok(opened.master_key(beside.map(KeySource::File)))
    }

    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            passwords: Passwords::default(),
            master_key: None,
            key_rotation: KeyRotation::default(),
            end_grants: EndGrants::default(),
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
