use gatepass_proto::UserId;
use gatepass_proto::decide::record::User;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{document, read_document, read_some_time, read_time, time};

impl Stored for User {
    const INSERT: &'static str = "INSERT INTO users (user_id, username, password_hash, created_at, \
        locked_at, details) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.user_id.as_str())
            .bind(self.username.as_str())
            .bind(self.password_hash.as_str())
            .bind(time(self.created_at))
            .bind(self.locked_at.map(time))
            .bind(document(&self.details))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user_id: UserId::new(row.try_get::<String, _>("user_id")?),
            username: row.try_get("username")?,
            password_hash: row.try_get("password_hash")?,
            created_at: read_time(row, "created_at")?,
            locked_at: read_some_time(row, "locked_at")?,
            details: read_document(row, "details")?,
        })
    }
}
