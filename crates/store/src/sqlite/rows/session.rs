use gatepass_proto::UserId;
use gatepass_proto::decide::record::Session;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{document, read_digest, read_document, read_time, time};

impl Stored for Session {
    const INSERT: &'static str = "INSERT INTO sessions (digest, user_id, auth_time, expires_at, details) \
        VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.digest.as_bytes().as_slice())
            .bind(self.user_id.as_str())
            .bind(time(self.auth_time))
            .bind(time(self.expires_at))
            .bind(document(&self.details))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: read_digest(row, "digest")?,
            user_id: UserId::new(row.try_get::<String, _>("user_id")?),
            auth_time: read_time(row, "auth_time")?,
            expires_at: read_time(row, "expires_at")?,
            details: read_document(row, "details")?,
        })
    }
}
