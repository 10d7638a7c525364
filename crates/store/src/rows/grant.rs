use gatepass_proto::decide::record::{Family, Grant};
use gatepass_proto::{ClientId, UserId};

use super::Stored;
use crate::columns::{Columns, Values};

impl Stored for Grant {
    const INSERT: &'static str = "INSERT INTO grants (grant_id, client_id, user_id, scope, audience, \
        created_at, expires_at, revoked_at, family_seed, family_key_version, family_head, \
        family_rotated_at, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        let family = self.family.as_ref();
        insert
            .bytes(self.grant_id.as_bytes().as_slice())
            .text(self.client_id.as_str())
            .text(self.user_id.as_str())
            .scope(&self.scope)
            .list(&self.audience)
            .time(self.created_at)
            .time(self.expires_at)
            .time(self.revoked_at)
            .bytes(family.map(|family| family.seed.as_slice()))
            .integer(family.map(|family| i64::from(family.key_version)))
            .integer(family.map(|family| i64::from(family.head)))
            .time(family.map(|family| family.rotated_at))
            .document(&self.details)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            grant_id: row.grant_id("grant_id")?,
            client_id: ClientId::new(row.string("client_id")?),
            user_id: UserId::new(row.string("user_id")?),
            scope: row.scope("scope")?,
            audience: row.list("audience")?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
            revoked_at: row.some_time("revoked_at")?,
            family: read_family(row)?,
            details: row.document("details")?,
        })
    }
}

/// The table checks that a family is whole or absent, so that one column tells.
fn read_family(row: &impl Columns) -> Result<Option<Family>, sqlx::Error> {
    let Some(head) = row.some_small("family_head")? else {
        return Ok(None);
    };
    Ok(Some(Family {
        seed: row.array("family_seed")?,
        key_version: row.small("family_key_version")?,
        head,
        rotated_at: row.time("family_rotated_at")?,
    }))
}
