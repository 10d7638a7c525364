//! Which backend an address names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Found, MemoryStore, PostgresStore, SqliteStore, Store, StoreError};

/// Opens the database at an address: `memory:`, `postgres://…`, `sqlite:PATH` or a plain path, which is SQLite too.
///
/// # Errors
///
/// [`StoreError::Unavailable`] for an address of another kind; otherwise whatever the backend says, see
/// [`SqliteStore::open`] and [`PostgresStore::open`]. Only paths are repeated, for other addresses may hold a password.
pub async fn open(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match backend(address)? {
        Backend::Memory => Arc::new(MemoryStore::new()),
        Backend::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
        Backend::Postgres => Arc::new(PostgresStore::open(address).await?),
    })
}

/// Looks at the database at an address, as [`open`] takes it, and changes nothing.
///
/// # Errors
///
/// What opening it would say: it cannot be reached, it is not ours, or a newer gatepass made it.
pub async fn look(address: &str) -> Result<Found, StoreError> {
    match backend(address)? {
        Backend::Memory => Ok(Found::Nothing),
        Backend::Sqlite(path) => SqliteStore::look(path).await,
        Backend::Postgres => PostgresStore::look(address).await,
    }
}

/// What an address names.
enum Backend<'a> {
    Memory,
    Sqlite(&'a Path),
    Postgres,
}

fn backend(address: &str) -> Result<Backend<'_>, StoreError> {
    let unavailable = |text: String| Err(StoreError::Unavailable(text));
    let path = match scheme(address) {
        Some(("memory", "")) => return Ok(Backend::Memory),
        Some(("memory", _)) => {
            return unavailable("memory: takes nothing after the colon".into());
        }
        Some(("postgres" | "postgresql", _)) => return Ok(Backend::Postgres),
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((other, _)) => {
            return unavailable(format!(
                "there is no backend for {other}: addresses; give a path, sqlite:PATH, postgres://… or memory:"
            ));
        }
        None => address,
    };
    if path.is_empty() {
        return unavailable(
            "the address has no path; give a path, sqlite:PATH, postgres://… or memory:".into(),
        );
    }
    Ok(Backend::Sqlite(Path::new(path)))
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
