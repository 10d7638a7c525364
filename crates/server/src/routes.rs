//! Every route, in one short list.

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::endpoints::{
    api, authorize, consent, direct_login, introspect, jwks, login, metadata, revoke, token,
};

/// The paths that others need to know, under the issuer.
pub(crate) mod paths {
    pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
    pub(crate) const LOGIN: &str = "/oauth/login";
    pub(crate) const CONSENT: &str = "/oauth/consent";
    pub(crate) const TOKEN: &str = "/oauth/token";
    pub(crate) const INTROSPECT: &str = "/oauth/introspect";
    pub(crate) const REVOKE: &str = "/oauth/revoke";
    pub(crate) const JWKS: &str = "/jwks.json";
    pub(crate) const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const OPENID_METADATA: &str = "/.well-known/openid-configuration";
}

/// What is always there.
fn standard() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        (paths::AUTHORIZE, get(authorize::authorize)),
        (paths::LOGIN, post(login::login)),
        (paths::CONSENT, post(consent::consent)),
        (paths::TOKEN, post(token::token)),
        (paths::INTROSPECT, post(introspect::introspect)),
        (paths::REVOKE, post(revoke::revoke)),
        (paths::JWKS, get(jwks::jwks)),
        (paths::OAUTH_METADATA, get(metadata::metadata)),
        (paths::OPENID_METADATA, get(metadata::metadata)),
    ]
}

/// The endpoints of older habits, and an API to try tokens on.
fn older() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/auth/authorize", get(authorize::authorize)),
        ("/auth/token", post(direct_login::form)),
        ("/api/auth", post(direct_login::basic)),
        ("/api/auth/jwt", post(direct_login::json)),
    ]
}

/// The router. An issuer with a path has everything under that path, and its metadata where RFC 8414 §3.1 looks.
pub(crate) fn router(app: &App, issuer_path: &str) -> Router {
    let mut routes = standard();
    let mut protected = Router::new();
    if app.legacy().direct_login.is_some() {
        routes.extend(older());
        protected = api::router(app);
    }
    let mut router = Router::new();
    for (path, methods) in routes {
        router = router.route(&format!("{issuer_path}{path}"), methods);
    }
    if !issuer_path.is_empty() {
        for suffix in [paths::OAUTH_METADATA, paths::OPENID_METADATA] {
            let inserted = format!("{suffix}{issuer_path}");
            router = router.route(&inserted, get(metadata::metadata));
        }
        protected = Router::new().nest(issuer_path, protected);
    }
    router.merge(protected).with_state(app.clone())
}
