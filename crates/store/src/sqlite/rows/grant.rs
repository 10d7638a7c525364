use gatepass_proto::decide::record::{Family, Grant};
use gatepass_proto::{ClientId, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{
    document, list, read_bytes, read_document, read_grant_id, read_list, read_scope,
    read_some_time, read_time, time,
};

impl Stored for Grant {
    const INSERT: &'static str = "INSERT INTO grants (grant_id, client_id, user_id, scope, audience, \
        created_at, expires_at, revoked_at, family_seed, family_key_version, family_head, \
        family_rotated_at, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        let family = self.family.as_ref();
        insert
            .bind(self.grant_id.as_bytes().as_slice())
            .bind(self.client_id.as_str())
            .bind(self.user_id.as_str())
            .bind(self.scope.to_string())
            .bind(list(&self.audience))
            .bind(time(self.created_at))
            .bind(time(self.expires_at))
            .bind(self.revoked_at.map(time))
            .bind(family.map(|family| family.seed.to_vec()))
            .bind(family.map(|family| family.key_version))
            .bind(family.map(|family| family.head))
            .bind(family.map(|family| time(family.rotated_at)))
            .bind(document(&self.details))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            grant_id: read_grant_id(row, "grant_id")?,
            client_id: ClientId::new(row.try_get::<String, _>("client_id")?),
            user_id: UserId::new(row.try_get::<String, _>("user_id")?),
            scope: read_scope(row, "scope")?,
            audience: read_list(row, "audience")?,
            created_at: read_time(row, "created_at")?,
            expires_at: read_time(row, "expires_at")?,
            revoked_at: read_some_time(row, "revoked_at")?,
            family: read_family(row)?,
            details: read_document(row, "details")?,
        })
    }
}

/// The table checks that a family is whole or absent, so that one column tells.
fn read_family(row: &SqliteRow) -> Result<Option<Family>, sqlx::Error> {
    let Some(head) = row.try_get("family_head")? else {
        return Ok(None);
    };
    Ok(Some(Family {
        seed: read_bytes(row, "family_seed")?,
        key_version: row.try_get("family_key_version")?,
        head,
        rotated_at: read_time(row, "family_rotated_at")?,
    }))
}
