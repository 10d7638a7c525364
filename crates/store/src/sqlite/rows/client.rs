use gatepass_proto::ClientId;
use gatepass_proto::decide::record::Client;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{
    digests, document, integer, list, read_digests, read_document, read_list, read_scope,
    read_some_integer, read_time, time,
};

impl Stored for Client {
    const INSERT: &'static str = "INSERT INTO clients (client_id, client_name, client_secrets, \
        auth_methods, redirect_uris, grant_types, scope, default_scope, resources, require_pkce, \
        json_body, access_token_ttl, refresh_grace, client_id_issued_at, details) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert
            .bind(self.client_id.as_str())
            .bind(self.client_name.as_str())
            .bind(digests(&self.client_secrets))
            .bind(list(&self.auth_methods))
            .bind(list(&self.redirect_uris))
            .bind(list(&self.grant_types))
            .bind(self.scope.to_string())
            .bind(self.default_scope.to_string())
            .bind(list(&self.resources))
            .bind(self.require_pkce)
            .bind(self.json_body)
            .bind(self.access_token_ttl.map(integer))
            .bind(self.refresh_grace.map(integer))
            .bind(time(self.client_id_issued_at))
            .bind(document(&self.details))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            client_id: ClientId::new(row.try_get::<String, _>("client_id")?),
            client_name: row.try_get("client_name")?,
            client_secrets: read_digests(row, "client_secrets")?,
            auth_methods: read_list(row, "auth_methods")?,
            redirect_uris: read_list(row, "redirect_uris")?,
            grant_types: read_list(row, "grant_types")?,
            scope: read_scope(row, "scope")?,
            default_scope: read_scope(row, "default_scope")?,
            resources: read_list(row, "resources")?,
            require_pkce: row.try_get("require_pkce")?,
            json_body: row.try_get("json_body")?,
            access_token_ttl: read_some_integer(row, "access_token_ttl")?,
            refresh_grace: read_some_integer(row, "refresh_grace")?,
            client_id_issued_at: read_time(row, "client_id_issued_at")?,
            details: read_document(row, "details")?,
        })
    }
}
