//! Every route, in one short list.

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::cors;
use crate::endpoints::{
    account, api, authorize, backchannel, consent, device, direct_login, introspect, jwks, login,
    logout, metadata, par, register, revoke, token, userinfo,
};

/// The paths that others need to know, under the issuer.
pub(crate) mod paths {
    pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
    pub(crate) const LOGIN: &str = "/oauth/login";
    pub(crate) const CONSENT: &str = "/oauth/consent";
    pub(crate) const TOKEN: &str = "/oauth/token";
    pub(crate) const INTROSPECT: &str = "/oauth/introspect";
    pub(crate) const PAR: &str = "/oauth/par";
    pub(crate) const REVOKE: &str = "/oauth/revoke";
    pub(crate) const REGISTER: &str = "/oauth/register";
    pub(crate) const ACCOUNT: &str = "/account";
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/oauth/device_authorization";
    pub(crate) const DEVICE: &str = "/device";
    pub(crate) const DEVICE_LOGIN: &str = "/device/login";
    pub(crate) const DEVICE_DECISION: &str = "/device/decision";
    pub(crate) const BACKCHANNEL: &str = "/oauth/bc-authorize";
    pub(crate) const REQUESTS: &str = "/account/requests";
    pub(crate) const REQUESTS_LOGIN: &str = "/account/requests/login";
    pub(crate) const USERINFO: &str = "/oauth/userinfo";
    pub(crate) const LOGOUT: &str = "/oauth/logout";
    pub(crate) const LOGOUT_FORM: &str = "/oauth/logout/confirmed";
    pub(crate) const JWKS: &str = "/jwks.json";
    pub(crate) const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const OPENID_METADATA: &str = "/.well-known/openid-configuration";
}

/// What is always there.
fn standard() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        (
            paths::AUTHORIZE,
            get(authorize::authorize).post(authorize::posted),
        ),
        (paths::LOGIN, post(login::login)),
        (paths::CONSENT, post(consent::consent)),
        (paths::TOKEN, post(token::token)),
        (paths::INTROSPECT, post(introspect::introspect)),
        (paths::REVOKE, post(revoke::revoke)),
        (paths::PAR, post(par::par)),
        (paths::ACCOUNT, get(account::account)),
        ("/account/login", post(account::log_in)),
        ("/account/password", post(account::password)),
        ("/account/logins", post(account::end_login)),
        ("/account/applications", post(account::withdraw)),
        (paths::LOGOUT, get(logout::logout).post(logout::posted)),
        (paths::LOGOUT_FORM, post(logout::confirmed)),
        (paths::REGISTER, post(register::register)),
        (REGISTRATION, registration()),
        (paths::DEVICE_AUTHORIZATION, post(device::authorize)),
        (paths::DEVICE, get(device::page).post(device::code)),
        (paths::DEVICE_LOGIN, post(device::login)),
        (paths::DEVICE_DECISION, post(device::decision)),
        (paths::BACKCHANNEL, post(backchannel::authenticate)),
        (
            paths::REQUESTS,
            get(backchannel::requests).post(backchannel::decision),
        ),
        (paths::REQUESTS_LOGIN, post(backchannel::login)),
        (
            paths::USERINFO,
            get(userinfo::userinfo).post(userinfo::userinfo),
        ),
        (paths::JWKS, get(jwks::jwks)),
        (paths::OAUTH_METADATA, get(metadata::metadata)),
        (paths::OPENID_METADATA, get(metadata::metadata)),
    ]
}

/// One client's registration.
const REGISTRATION: &str = "/oauth/register/{client_id}";

fn registration() -> MethodRouter<App> {
    get(register::read)
        .put(register::update)
        .delete(register::delete)
}

/// What scripts of other origins may use; all that takes neither cookies nor people.
const FOR_SCRIPTS: [&str; 8] = [
    paths::TOKEN,
    paths::REVOKE,
    paths::REGISTER,
    REGISTRATION,
    paths::JWKS,
    paths::OAUTH_METADATA,
    paths::OPENID_METADATA,
    paths::USERINFO,
];

/// The endpoints of older habits, and an API to try tokens on.
fn older() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        (
            "/auth/authorize",
            get(authorize::authorize).post(authorize::posted),
        ),
        ("/auth/token", post(direct_login::form)),
        ("/api/auth", post(direct_login::basic)),
        ("/api/auth/jwt", post(direct_login::json)),
    ]
}

/// What clients that show a certificate may use by their own door (RFC 8705 §5). No page is among it: browsers would ask
/// their people for certificates.
const FOR_CERTIFICATES: [&str; 7] = [
    paths::TOKEN,
    paths::INTROSPECT,
    paths::REVOKE,
    paths::PAR,
    paths::DEVICE_AUTHORIZATION,
    paths::BACKCHANNEL,
    paths::USERINFO,
];

/// The router of that door.
pub(crate) fn certified(app: &App) -> Router {
    let path = app.certified().path();
    let routes = standard().into_iter();
    let routes = routes.filter(|(path, _)| FOR_CERTIFICATES.contains(path));
    let router = routes.fold(Router::new(), |router, (own, methods)| {
        router.route(&format!("{path}{own}"), methods)
    });
    let router = match app.legacy().direct_login {
        Some(_) => router.merge(beneath(&path, api::router(app))),
        None => router,
    };
    router.with_state(app.clone())
}

/// A router's routes under this path.
fn beneath(path: &str, router: Router<App>) -> Router<App> {
    match path {
        "" => router,
        path => Router::new().nest(path, router),
    }
}

/// The router. An issuer with a path has everything under that path, and its metadata where RFC 8414 §3.1 looks.
pub(crate) fn router(app: &App, issuer_path: &str) -> Router {
    let mut routes = standard();
    let (mut protected, mut described) = (Router::new(), None);
    if app.legacy().direct_login.is_some() {
        routes.extend(older());
        protected = api::router(app);
        described = api::well_known(app);
    }
    let mut router = Router::new();
    for (path, methods) in routes {
        let methods = match FOR_SCRIPTS.contains(&path) {
            true => methods.layer(from_fn(cors::anybody)),
            false => methods,
        };
        router = router.route(&format!("{issuer_path}{path}"), methods);
    }
    if !issuer_path.is_empty() {
        for suffix in [paths::OAUTH_METADATA, paths::OPENID_METADATA] {
            let inserted = format!("{suffix}{issuer_path}");
            let methods = get(metadata::metadata).layer(from_fn(cors::anybody));
            router = router.route(&inserted, methods);
        }
    }
    if let Some((path, methods)) = described {
        router = router.route(&path, methods);
    }
    router
        .merge(beneath(issuer_path, protected))
        .with_state(app.clone())
}
