//! `/.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::pkce::S256;
use gatepass_proto::{client_auth, grant};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;
use crate::routes::paths;

pub(crate) async fn metadata(State(app): State<App>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, app.metadata()).into_response()
}

/// What this server says of itself.
pub(crate) fn document(issuer: &str, scopes_supported: Vec<String>) -> ServerMetadata {
    let at = |path: &str| Some(format!("{}{path}", issuer.trim_end_matches('/')));
    let proving: Vec<String> = client_auth::names()
        .into_iter()
        .filter(|name| name != "none")
        .collect();
    ServerMetadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: at(paths::AUTHORIZE),
        token_endpoint: at(paths::TOKEN),
        jwks_uri: at(paths::JWKS),
        introspection_endpoint: at(paths::INTROSPECT),
        revocation_endpoint: at(paths::REVOKE),
        scopes_supported,
        response_types_supported: vec!["code".to_owned()],
        response_modes_supported: vec!["query".to_owned()],
        grant_types_supported: grant::GRANTS
            .iter()
            .map(|grant| grant.grant_type().to_owned())
            .collect(),
        code_challenge_methods_supported: vec![S256.to_owned()],
        token_endpoint_auth_methods_supported: client_auth::names(),
        introspection_endpoint_auth_methods_supported: proving,
        revocation_endpoint_auth_methods_supported: client_auth::names(),
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: vec!["public".to_owned()],
        id_token_signing_alg_values_supported: Vec::new(),
        ..ServerMetadata::default()
    }
}
