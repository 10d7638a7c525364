use gatepass_proto::decide::record::SealedKey;

use super::Stored;
use crate::columns::{Columns, Values, unreadable};

impl Stored for SealedKey {
    const INSERT: &'static str = "INSERT INTO sealed_keys \
        (key_id, purpose, alg, sealed, created_at, activates_at) \
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert
            .text(self.key_id.as_str())
            .text(self.purpose.as_str())
            .text(self.alg.as_str())
            .bytes(self.sealed.as_slice())
            .time(self.created_at)
            .time(self.activates_at)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        let sealed = row.some_bytes("sealed")?;
        Ok(Self {
            key_id: row.string("key_id")?,
            purpose: row.string("purpose")?,
            alg: row.string("alg")?,
            sealed: sealed.ok_or_else(|| unreadable("sealed"))?.to_vec(),
            created_at: row.time("created_at")?,
            activates_at: row.time("activates_at")?,
        })
    }
}
