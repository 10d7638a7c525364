//! Which backend an address names.

use std::path::Path;
use std::sync::Arc;

use crate::{MemoryStore, SqliteStore, Store, StoreError};

/// Opens the database at an address: `memory:`, `sqlite:PATH` or a plain path, which is SQLite too.
///
/// # Errors
///
/// [`StoreError::Unavailable`] for an address of another kind; otherwise whatever the backend says, see
/// [`SqliteStore::open`].
pub async fn open(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    match scheme(address) {
        Some(("memory", "")) => Ok(Arc::new(MemoryStore::new())),
        Some(("memory", _)) => Err(StoreError::Unavailable(
            "memory: takes nothing after the colon".into(),
        )),
        Some(("sqlite", path)) => sqlite(path.strip_prefix("//").unwrap_or(path)).await,
        Some((other, _)) => Err(StoreError::Unavailable(format!(
            "there is no backend for {other}: addresses; give a path, sqlite:PATH or memory:"
        ))),
        None => sqlite(address).await,
    }
}

async fn sqlite(path: &str) -> Result<Arc<dyn Store>, StoreError> {
    if path.is_empty() {
        return Err(StoreError::Unavailable(
            "the address has no path; give a path, sqlite:PATH or memory:".into(),
        ));
    }
    Ok(Arc::new(SqliteStore::open(Path::new(path)).await?))
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
