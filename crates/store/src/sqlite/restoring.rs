//! A backup in place of a database.
//!
//! A backup knows nothing of what came after it: what was spent since then looks unspent, what was withdrawn looks good.
//! So whatever is good once does not come back, nor what can be had again by logging in; see [`Restore`].

use std::path::Path;
use std::time::Duration;

use gatepass_proto::Timestamp;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::copying::{copy, describe, of};
use super::fault::{fault, is_busy};
use super::replacing::{Draft, set_aside};
use super::{SqliteStore, connect, file};
use crate::columns::time;
use crate::transfer::CONSENTS;
use crate::{Copied, CopyError, StoreError};

/// How long another process may be in the way for the moment.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a backup takes the place of a database.
///
/// These do not come back from it, for they may have been spent or withdrawn since: codes, logins, opaque access tokens,
/// and everything else that lives for a while ([`CONSENTS`] do). These do, as they were: clients, users, API keys, the
/// server's keys, grants, what was withdrawn until then, and what was used once until then.
///
/// So a user who was locked since then, or an API key that was withdrawn, is good again: whoever restores has to do that
/// once more. And a `jti` that was used since then is not known: an assertion or proof that somebody has seen is taken again
/// until it ends, for which a server that stays stopped for that long leaves no time.
///
/// A refresh token that was the newest when the backup was made is good again. One that is newer than that is genuine and
/// yet none that this database has given away, and is taken for a stolen one: its grant is withdrawn, and the person logs
/// in again. So is the grant of whoever lost the race, if two hold one that was rotated since: a theft is still noticed.
#[derive(Clone, Copy, Debug)]
pub struct Restore {
    /// Whether a database that is there is replaced.
    pub replace: bool,
    /// Whether all grants are withdrawn: none that was withdrawn since the backup is good again, and everybody logs in again.
    pub end_grants: bool,
    /// When it is done, for the audit log.
    pub at: Timestamp,
}

impl SqliteStore {
    /// Puts the backup in the file `backup` in the place of the database at `path`, and brings its tables up to date. At
    /// every moment the old database or the new one stands there, whole.
    ///
    /// A database that is replaced must not be in use. One that is damaged gets another name, which ends in `.damaged`.
    ///
    /// # Errors
    ///
    /// There is a database that is not to be replaced, or in use, or not ours; the backup is damaged, newer or not ours; a
    /// file cannot be written. Then nothing has changed.
    pub async fn restore(backup: &Path, path: &Path, how: Restore) -> Result<Copied, CopyError> {
        // What a link leads to is replaced, where SQLite keeps its log too.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_there = file::is_there(path).map_err(|error| of(path, error))?;
        if is_there && !how.replace {
            return Err(CopyError::Exists(path.to_owned()));
        }
        let draft = Draft::beside(path)?;
        copy(backup, draft.path()).await?;
        let renewed = renew(draft.path(), how).await;
        renewed.map_err(|error| of(backup, error))?;
        let copied = describe(draft.path()).await;
        let copied = copied.map_err(|error| of(draft.path(), error))?;
        let held = match is_there {
            true => Some(Held::take(path).await?),
            false => None,
        };
        if let Some(Held::Damaged) = held {
            set_aside(path)?;
        }
        draft.put(path, how.replace)?;
        if let Some(Held::Locked(conn)) = held {
            let _ = conn.close().await;
        }
        Ok(copied)
    }
}

/// A database that is about to be replaced.
enum Held {
    /// Nobody else can open it while this lives, and all of it is in its one file.
    Locked(SqliteConnection),
    /// Ours, but not to be read.
    Damaged,
}

impl Held {
    async fn take(path: &Path) -> Result<Self, CopyError> {
        match lock(path).await {
            Ok(Some(conn)) => Ok(Self::Locked(conn)),
            Ok(None) => {
                let text = "it is the database of another program; it was left as it is";
                Err(of(path, StoreError::Damaged(text.into())))
            }
            Err(error) if is_busy(&error) => Err(CopyError::InUse(path.to_owned())),
            Err(error) => match fault(&error) {
                StoreError::Damaged(_) if file::is_ours(path) => Ok(Self::Damaged),
                error => Err(of(path, error)),
            },
        }
    }
}

/// Moves the log into the file, which needs that no other connection has it open, and keeps it that way. `None` when it is
/// another program's.
async fn lock(path: &Path) -> Result<Option<SqliteConnection>, sqlx::Error> {
    let options = connect::options(path).busy_timeout(PATIENCE);
    let mut conn = options.connect().await?;
    if !connect::is_ours(&mut conn).await? {
        return Ok(None);
    }
    sqlx::query("PRAGMA journal_mode = DELETE")
        .execute(&mut conn)
        .await?;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut conn).await?;
    Ok(Some(conn))
}

/// Brings the tables up to date and takes away what must not come back.
async fn renew(path: &Path, how: Restore) -> Result<(), StoreError> {
    let mut conn = connect::options(path)
        .connect()
        .await
        .map_err(|error| fault(&error))?;
    connect::migrate(&mut conn).await?;
    let renewed = forget(&mut conn, how).await;
    let _ = conn.close().await;
    renewed.map_err(|error| fault(&error))
}

async fn forget(conn: &mut SqliteConnection, how: Restore) -> Result<(), sqlx::Error> {
    let mut whole = conn.begin().await?;
    sqlx::query("DELETE FROM codes; DELETE FROM sessions; DELETE FROM items WHERE space <> ?")
        .bind(CONSENTS)
        .execute(&mut *whole)
        .await?;
    if how.end_grants {
        sqlx::query("UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL")
            .bind(time(how.at))
            .execute(&mut *whole)
            .await?;
    }
    sqlx::query("INSERT INTO audit (at, event) VALUES (?, 'database.restored')")
        .bind(time(how.at))
        .execute(&mut *whole)
        .await?;
    whole.commit().await
}
