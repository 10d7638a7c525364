use gatepass_proto::decide::record::Code;
use gatepass_proto::pkce::CodeChallenge;
use gatepass_proto::{ClientId, Digest, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{
    document, list, read_digest, read_document, read_grant_id, read_list, read_scope,
    read_some_time, read_time, time, unreadable,
};

impl Stored for Code {
    const INSERT: &'static str = "INSERT INTO codes (digest, grant_id, client_id, user_id, \
        redirect_uri, code_challenge, scope, audience, auth_time, expires_at, spent_at, details) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.digest.as_bytes().as_slice())
            .bind(self.grant_id.as_bytes().as_slice())
            .bind(self.client_id.as_str())
            .bind(self.user_id.as_str())
            .bind(self.redirect_uri.as_deref())
            .bind(
                self.code_challenge
                    .map(|challenge| challenge.digest().as_bytes().to_vec()),
            )
            .bind(self.scope.to_string())
            .bind(list(&self.audience))
            .bind(time(self.auth_time))
            .bind(time(self.expires_at))
            .bind(self.spent_at.map(time))
            .bind(document(&self.details))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            digest: read_digest(row, "digest")?,
            grant_id: read_grant_id(row, "grant_id")?,
            client_id: ClientId::new(row.try_get::<String, _>("client_id")?),
            user_id: UserId::new(row.try_get::<String, _>("user_id")?),
            redirect_uri: row.try_get("redirect_uri")?,
            code_challenge: read_challenge(row)?,
            scope: read_scope(row, "scope")?,
            audience: read_list(row, "audience")?,
            auth_time: read_time(row, "auth_time")?,
            expires_at: read_time(row, "expires_at")?,
            spent_at: read_some_time(row, "spent_at")?,
            details: read_document(row, "details")?,
        })
    }
}

fn read_challenge(row: &SqliteRow) -> Result<Option<CodeChallenge>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get("code_challenge")?;
    bytes
        .map(|bytes| bytes.try_into().map(Digest::from_bytes))
        .transpose()
        .map(|digest| digest.map(CodeChallenge::from_digest))
        .map_err(|_| unreadable("code_challenge"))
}
