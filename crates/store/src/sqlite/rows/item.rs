use gatepass_proto::decide::item::Item;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Statement;
use crate::sqlite::columns::{read_digest, read_time, time};

/// Adds the row unless its key is taken.
pub(super) const INSERT: &str = "INSERT INTO items (space, digest, version, owner, body, expires_at) \
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// Puts a version in place of the one before it.
pub(in crate::sqlite) const REPLACE: &str = "UPDATE items SET owner = ?, body = ?, expires_at = ?, \
    version = version + 1 WHERE space = ? AND digest = ? AND version = ? - 1";

/// Deletes a version.
pub(in crate::sqlite) const TAKE: &str =
    "DELETE FROM items WHERE space = ? AND digest = ? AND version = ?";

/// Binds the columns of [`INSERT`].
pub(super) fn bind(item: &Item, insert: Statement) -> Statement {
    insert
        .bind(item.space)
        .bind(item.digest.as_bytes().to_vec())
        .bind(item.version)
        .bind(item.owner.clone())
        .bind(item.body.clone())
        .bind(time(item.expires_at))
}

/// Binds the values of [`REPLACE`].
pub(in crate::sqlite) fn bind_replace(item: &Item, update: Statement) -> Statement {
    update
        .bind(item.owner.clone())
        .bind(item.body.clone())
        .bind(time(item.expires_at))
        .bind(item.space)
        .bind(item.digest.as_bytes().to_vec())
        .bind(item.version)
}

/// Reads a row of a kind that is known, for it was looked up by it.
pub(super) fn read(space: &'static str, row: &SqliteRow) -> Result<Item, sqlx::Error> {
    Ok(Item {
        space,
        digest: read_digest(row, "digest")?,
        version: row.try_get("version")?,
        owner: row.try_get("owner")?,
        body: row.try_get("body")?,
        expires_at: read_time(row, "expires_at")?,
    })
}
