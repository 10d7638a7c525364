use gatepass_proto::decide::item::Item;

use crate::columns::{Columns, Values};

/// Adds the row unless its key is taken.
pub(super) const INSERT: &str = "INSERT INTO items (space, digest, version, owner, body, expires_at) \
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// Puts a version in place of the one before it.
pub(crate) const REPLACE: &str = "UPDATE items SET owner = ?, body = ?, expires_at = ?, \
    version = version + 1 WHERE space = ? AND digest = ? AND version = ? - 1";

/// Deletes a version.
pub(crate) const TAKE: &str = "DELETE FROM items WHERE space = ? AND digest = ? AND version = ?";

/// Binds the columns of [`INSERT`].
pub(super) fn bind<V: Values>(item: &Item, insert: V) -> V {
    insert
        .text(item.space)
        .digest(&item.digest)
        .integer(i64::from(item.version))
        .text(item.owner.as_deref())
        .text(item.body.as_str())
        .time(item.expires_at)
}

/// Binds the values of [`REPLACE`].
pub(crate) fn bind_replace<V: Values>(item: &Item, update: V) -> V {
    update
        .text(item.owner.as_deref())
        .text(item.body.as_str())
        .time(item.expires_at)
        .text(item.space)
        .digest(&item.digest)
        .integer(i64::from(item.version))
}

/// Reads a row of a kind that is known, for it was looked up by it.
pub(super) fn read(space: &'static str, row: &impl Columns) -> Result<Item, sqlx::Error> {
    Ok(Item {
        space,
        digest: row.digest("digest")?,
        version: row.small("version")?,
        owner: row.some_string("owner")?,
        body: row.string("body")?,
        expires_at: row.time("expires_at")?,
    })
}
