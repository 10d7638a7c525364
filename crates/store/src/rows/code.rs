use gatepass_proto::decide::record::Code;
use gatepass_proto::pkce::CodeChallenge;
use gatepass_proto::{ClientId, Digest, UserId};

use super::Stored;
use crate::columns::{Columns, Values};

impl Stored for Code {
    const INSERT: &'static str = "INSERT INTO codes (digest, grant_id, client_id, user_id, \
        redirect_uri, code_challenge, scope, audience, auth_time, expires_at, spent_at, details) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        let challenge = self.code_challenge.map(|challenge| challenge.digest());
        insert
            .digest(&self.digest)
            .bytes(self.grant_id.as_bytes().as_slice())
            .text(self.client_id.as_str())
            .text(self.user_id.as_str())
            .text(self.redirect_uri.as_deref())
            .bytes(
                challenge
                    .as_ref()
                    .map(|digest| digest.as_bytes().as_slice()),
            )
            .scope(&self.scope)
            .list(&self.audience)
            .time(self.auth_time)
            .time(self.expires_at)
            .time(self.spent_at)
            .document(&self.details)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: row.digest("digest")?,
            grant_id: row.grant_id("grant_id")?,
            client_id: ClientId::new(row.string("client_id")?),
            user_id: UserId::new(row.string("user_id")?),
            redirect_uri: row.some_string("redirect_uri")?,
            code_challenge: row
                .some_array("code_challenge")?
                .map(|bytes| CodeChallenge::from_digest(Digest::from_bytes(bytes))),
            scope: row.scope("scope")?,
            audience: row.list("audience")?,
            auth_time: row.time("auth_time")?,
            expires_at: row.time("expires_at")?,
            spent_at: row.some_time("spent_at")?,
            details: row.document("details")?,
        })
    }
}
