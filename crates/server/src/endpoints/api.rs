//! The API of `--dev`, to try tokens, keys and passwords on.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::map_request;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};
use axum::{Extension, Router};
use gatepass_guard::{
    Guard, GuardBuilder, Identity, PeerAddr, PeerCertificate, ResourceMetadata, Scheme,
};
use gatepass_listen::Shown;
use gatepass_proto::Scope;
use http::{Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::app::App;
use crate::extract::Peer;
use crate::ports::Ports;
use crate::respond;

/// What opens all of it.
const REQUIRED: &str = "read";
/// What a password opens, and what `read-write` stands for.
const PASSWORD_SCOPE: &str = "read write";

/// Each resource with the credentials it takes; a token is good for all of them.
pub(crate) fn router(app: &App) -> Router<App> {
    let ports = Arc::new(Ports {
        app: app.clone(),
        password_scope: scope(PASSWORD_SCOPE),
    });
    let bearer = described(app, &ports).build();
    let keys = described(app, &ports);
    let keys = keys.api_keys(Arc::clone(&ports) as _).build();
    let passwords = guard(app, &ports).basic(ports).build();
    let required = || scope(REQUIRED);
    Router::new()
        .route("/api/data", get(resource).layer(bearer.layer(required())))
        .route(
            "/api/protected_data",
            get(resource).layer(bearer.layer(required())),
        )
        .route("/api/endpoint", get(resource).layer(keys.layer(required())))
        .route(
            "/protected-resource",
            get(resource).layer(passwords.layer(required())),
        )
        .layer(map_request(name_peer))
}

fn guard(app: &App, ports: &Arc<Ports>) -> GuardBuilder {
    let guard = Guard::builder();
    // Under a path of the issuer the guard sees what comes after it.
    match Url::parse(app.issuer()) {
        Ok(base) => guard.dpop(&base),
        Err(_) => guard,
    }
    .realm(app.issuer())
    .implies("read-write", scope(PASSWORD_SCOPE))
    .clock(Arc::clone(app.clock()))
    .issuer(ports.issuer(app.rules().default_audience.clone()))
}

/// The same for what is below `/api`: challenges name its metadata.
fn described(app: &App, ports: &Arc<Ports>) -> GuardBuilder {
    let guard = guard(app, ports);
    match metadata(app) {
        Some(metadata) => guard.resource(metadata),
        None => guard,
    }
}

/// What the API says of itself (RFC 9728); nothing where the audience of its tokens is no URL above it, for no client would
/// believe it.
fn metadata(app: &App) -> Option<ResourceMetadata> {
    let audience = app.rules().default_audience.clone();
    let (rest, url) = (format!("{}/api", app.issuer()), audience.as_str());
    let above = rest.strip_prefix(url.trim_end_matches('/'))?;
    if !above.is_empty() && !above.starts_with('/') {
        return None;
    }
    let metadata = ResourceMetadata::new(audience).ok()?;
    Some(metadata.scopes(&scope(PASSWORD_SCOPE)))
}

/// The metadata and its place, from the root of the server's origin.
pub(crate) fn well_known(app: &App) -> Option<(String, MethodRouter<App>)> {
    let ports = Arc::new(Ports {
        app: app.clone(),
        password_scope: Scope::default(),
    });
    let guard = described(app, &ports).build();
    let path = guard.resource_metadata()?.path().to_owned();
    let answer = move |method: Method, request: Request| {
        let answer: Option<Response> = guard.serve_metadata(&method, request.uri().path());
        async { answer.unwrap_or_default() }
    };
    Some((path, any(answer)))
}

/// Says who came in, and by which door.
async fn resource(Extension(identity): Extension<Identity>) -> Response {
    let scheme = match identity.scheme {
        Scheme::Basic { .. } => "basic",
        Scheme::Bearer { .. } => "bearer",
        Scheme::ApiKey { .. } => "api-key",
        Scheme::Login { .. } => "login",
    };
    let body = json!({
        "message": "you are in",
        "subject": identity.subject,
        "client_id": identity.client_id,
        "scope": identity.scope,
        "scheme": scheme,
    });
    respond::json(StatusCode::OK, &body)
}

/// The guard counts wrong guesses by address, and takes tokens that are bound to a certificate.
async fn name_peer(mut request: Request) -> Request {
    let peer = Peer::of(request.extensions());
    let shown = Shown::of(request.extensions());
    let certificate = shown.map(|shown| PeerCertificate::new(shown.thumbprint()));
    let extensions = request.extensions_mut();
    if let Some(Peer(address)) = peer {
        extensions.insert(PeerAddr(address));
    }
    if let Some(certificate) = certificate {
        extensions.insert(certificate);
    }
    request
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap_or_default()
}
