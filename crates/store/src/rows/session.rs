use gatepass_proto::UserId;
use gatepass_proto::decide::record::Session;

use super::Stored;
use crate::columns::{Columns, Values};

impl Stored for Session {
    const INSERT: &'static str = "INSERT INTO sessions (digest, user_id, auth_time, expires_at, details) \
        VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert
            .digest(&self.digest)
            .text(self.user_id.as_str())
            .time(self.auth_time)
            .time(self.expires_at)
            .document(&self.details)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: row.digest("digest")?,
            user_id: UserId::new(row.string("user_id")?),
            auth_time: row.time("auth_time")?,
            expires_at: row.time("expires_at")?,
            details: row.document("details")?,
        })
    }
}
