use gatepass_proto::UserId;
use gatepass_proto::decide::record::ApiKey;

use super::Stored;
use crate::columns::{Columns, Values};

impl Stored for ApiKey {
    const INSERT: &'static str = "INSERT INTO api_keys (digest, name, user_id, scope, created_at, \
        expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert
            .digest(&self.digest)
            .text(self.name.as_str())
            .text(self.user_id.as_str())
            .scope(&self.scope)
            .time(self.created_at)
            .time(self.expires_at)
            .time(self.revoked_at)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: row.digest("digest")?,
            name: row.string("name")?,
            user_id: UserId::new(row.string("user_id")?),
            scope: row.scope("scope")?,
            created_at: row.time("created_at")?,
            expires_at: row.some_time("expires_at")?,
            revoked_at: row.some_time("revoked_at")?,
        })
    }
}
