use gatepass_proto::decide::record::SealedKey;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{read_time, time};

impl Stored for SealedKey {
    const INSERT: &'static str = "INSERT INTO sealed_keys (key_id, purpose, alg, sealed, created_at) \
        VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.key_id.as_str())
            .bind(self.purpose.as_str())
            .bind(self.alg.as_str())
            .bind(self.sealed.as_slice())
            .bind(time(self.created_at))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            key_id: row.try_get("key_id")?,
            purpose: row.try_get("purpose")?,
            alg: row.try_get("alg")?,
            sealed: row.try_get("sealed")?,
            created_at: read_time(row, "created_at")?,
        })
    }
}
