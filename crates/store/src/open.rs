//! Which backend an address names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{MemoryStore, PostgresStore, SqliteStore, Store, StoreError};

/// Opens the database at an address: `memory:`, `postgres://…`, `sqlite:PATH` or a plain path, which is SQLite too.
///
/// # Errors
///
/// [`StoreError::Unavailable`] for an address of another kind; otherwise whatever the backend says, see
/// [`SqliteStore::open`] and [`PostgresStore::open`]. Only paths are repeated, for other addresses may hold a password.
pub async fn open(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(address) {
        Some(("memory", "")) => Ok(Arc::new(MemoryStore::new())),
        Some(("memory", _)) => Err(StoreError::Unavailable(
            "memory: takes nothing after the colon".into(),
        )),
        Some(("sqlite", path)) => sqlite(path.strip_prefix("//").unwrap_or(path)).await,
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(PostgresStore::open(address).await?)),
        Some((other, _)) => Err(StoreError::Unavailable(format!(
            "there is no backend for {other}: addresses; give a path, sqlite:PATH, postgres://… or memory:"
        ))),
        None => sqlite(address).await,
    }
}

async fn sqlite(path: &str) -> Result<Arc<dyn Store>, StoreError> {
    if path.is_empty() {
        return Err(StoreError::Unavailable(
            "the address has no path; give a path, sqlite:PATH, postgres://… or memory:".into(),
        ));
    }
    Ok(Arc::new(SqliteStore::open(Path::new(path)).await?))
}

/// What an address names, for people: the address itself, unless it may hold a password.
pub fn place(address: &str) -> String {
    match scheme(address) {
        Some(("postgres" | "postgresql", _)) => PostgresStore::place(address),
        Some(("memory" | "sqlite", _)) | None => address.to_owned(),
        Some((other, _)) => format!("{other}:…"),
    }
}

/// The file of the database that an address names; `None` for one that is in memory or behind a server.
pub fn file(address: &str) -> Option<PathBuf> {
    match scheme(address) {
        Some(("sqlite", path)) => Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path))),
        Some(_) => None,
        None => Some(PathBuf::from(address)),
    }
}

/// The scheme (RFC 3986 §3.1) and what follows its colon. A single letter is a Windows drive.
fn scheme(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme.then_some((scheme, rest))
}
