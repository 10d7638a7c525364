use gatepass_proto::UserId;
use gatepass_proto::decide::record::ApiKey;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{read_digest, read_scope, read_some_time, read_time, time};

impl Stored for ApiKey {
    const INSERT: &'static str = "INSERT INTO api_keys (digest, name, user_id, scope, created_at, \
        expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.digest.as_bytes().as_slice())
            .bind(self.name.as_str())
            .bind(self.user_id.as_str())
            .bind(self.scope.to_string())
            .bind(time(self.created_at))
            .bind(self.expires_at.map(time))
            .bind(self.revoked_at.map(time))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: read_digest(row, "digest")?,
            name: row.try_get("name")?,
            user_id: UserId::new(row.try_get::<String, _>("user_id")?),
            scope: read_scope(row, "scope")?,
            created_at: read_time(row, "created_at")?,
            expires_at: read_some_time(row, "expires_at")?,
            revoked_at: read_some_time(row, "revoked_at")?,
        })
    }
}
