use gatepass_proto::ClientId;
use gatepass_proto::decide::record::Client;

use super::Stored;
use crate::columns::{Columns, Values};

/// Puts a record in place of what it was: what it becomes is bound first, then what it must be, each as for the
/// INSERT. A name that another has is left to it.
pub(super) const UPDATE: &str = "UPDATE OR IGNORE clients SET client_id = ?, client_name = ?, client_secrets = ?, \
    auth_methods = ?, redirect_uris = ?, grant_types = ?, scope = ?, default_scope = ?, \
    resources = ?, require_pkce = ?, json_body = ?, access_token_ttl = ?, refresh_grace = ?, \
    client_id_issued_at = ?, details = ? \
    WHERE client_id = ? AND client_name = ? AND client_secrets = ? AND auth_methods = ? AND \
    redirect_uris = ? AND grant_types = ? AND scope = ? AND default_scope = ? AND \
    resources = ? AND require_pkce = ? AND json_body = ? AND \
    access_token_ttl IS NOT DISTINCT FROM ? AND refresh_grace IS NOT DISTINCT FROM ? AND \
    client_id_issued_at = ? AND details = ?";

impl Stored for Client {
    const INSERT: &'static str = "INSERT INTO clients (client_id, client_name, client_secrets, \
        auth_methods, redirect_uris, grant_types, scope, default_scope, resources, require_pkce, \
        json_body, access_token_ttl, refresh_grace, client_id_issued_at, details) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert
            .text(self.client_id.as_str())
            .text(self.client_name.as_str())
            .digests(&self.client_secrets)
            .list(&self.auth_methods)
            .list(&self.redirect_uris)
            .list(&self.grant_types)
            .scope(&self.scope)
            .scope(&self.default_scope)
            .list(&self.resources)
            .boolean(self.require_pkce)
            .boolean(self.json_body)
            .number(self.access_token_ttl)
            .number(self.refresh_grace)
            .time(self.client_id_issued_at)
            .document(&self.details)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            client_id: ClientId::new(row.string("client_id")?),
            client_name: row.string("client_name")?,
            client_secrets: row.digests("client_secrets")?,
            auth_methods: row.list("auth_methods")?,
            redirect_uris: row.list("redirect_uris")?,
            grant_types: row.list("grant_types")?,
            scope: row.scope("scope")?,
            default_scope: row.scope("default_scope")?,
            resources: row.list("resources")?,
            require_pkce: row.boolean("require_pkce")?,
            json_body: row.boolean("json_body")?,
            access_token_ttl: row.some_number("access_token_ttl")?,
            refresh_grace: row.some_number("refresh_grace")?,
            client_id_issued_at: row.time("client_id_issued_at")?,
            details: row.document("details")?,
        })
    }
}
