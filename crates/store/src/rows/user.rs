use gatepass_proto::UserId;
use gatepass_proto::decide::record::User;

use super::Stored;
use crate::columns::{Columns, Values};

/// Puts a record in place of what it was: what it becomes is bound first, then what it must be, each as for the
/// INSERT. A name that another has is left to it.
pub(super) const UPDATE: &str = "UPDATE OR IGNORE users SET user_id = ?, username = ?, password_hash = ?, created_at = ?, \
    locked_at = ?, details = ? \
    WHERE user_id = ? AND username = ? AND password_hash = ? AND created_at = ? AND \
    locked_at IS NOT DISTINCT FROM ? AND details = ?";

impl Stored for User {
    const INSERT: &'static str = "INSERT INTO users (user_id, username, password_hash, created_at, \
        locked_at, details) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert
            .text(self.user_id.as_str())
            .text(self.username.as_str())
            .text(self.password_hash.as_str())
            .time(self.created_at)
            .time(self.locked_at)
            .document(&self.details)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user_id: UserId::new(row.string("user_id")?),
            username: row.string("username")?,
            password_hash: row.string("password_hash")?,
            created_at: row.time("created_at")?,
            locked_at: row.some_time("locked_at")?,
            details: row.document("details")?,
        })
    }
}
