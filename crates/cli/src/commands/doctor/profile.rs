//! Whether a profile fits its server, and how its token stands.

use gatepass_client::{
    Credential, Error, Grant, OAuth, Origin, Profile, Session, Status, TokenState,
};
use gatepass_proto::message::metadata::ServerMetadata;

use super::issuer::Met;
use crate::commands::report::Check;
use crate::exit::Failure;
use crate::time;

pub(super) async fn checks(
    profile: &Profile,
    session: Result<Session, Failure>,
    met: &[Met],
) -> Vec<Check> {
    let mut checks = vec![origins(profile)];
    if let Credential::OAuth(oauth) = &profile.credential {
        let server = met
            .iter()
            .find(|met| Some(&met.issuer) == oauth.issuer.as_ref());
        if let Some(metadata) = server.and_then(|met| met.metadata.as_ref()) {
            checks.extend(fits(oauth, metadata));
        }
    }
    checks.push(match session {
        Ok(session) => token(profile, session.status().await),
        Err(failure) => Check::bad("session", failure.to_string()),
    });
    checks
}

fn origins(profile: &Profile) -> Check {
    let api: Vec<&str> = profile.api.iter().map(Origin::as_str).collect();
    match api.as_slice() {
        [] => Check::odd("goes to", "no origin at all, so no request can have it")
            .next("name some in `api`"),
        api => Check::good("goes to", api.join(" ")),
    }
}

/// Whether the server does what the profile asks for. A server that does not say is taken at its deeds.
fn fits(oauth: &OAuth, metadata: &ServerMetadata) -> Vec<Check> {
    let mut checks = vec![grant(&oauth.grant, metadata)];
    let wanted: &[(&str, bool)] = &[
        (
            "token_endpoint",
            metadata.token_endpoint.is_some() || oauth.endpoints.token.is_some(),
        ),
        (
            "authorization_endpoint",
            !matches!(oauth.grant, Grant::AuthorizationCode { .. })
                || metadata.authorization_endpoint.is_some()
                || oauth.endpoints.authorization.is_some(),
        ),
        (
            "device_authorization_endpoint",
            !matches!(oauth.grant, Grant::DeviceCode)
                || metadata.device_authorization_endpoint.is_some()
                || oauth.endpoints.device_authorization.is_some(),
        ),
    ];
    for (name, _) in wanted.iter().filter(|(_, there)| !there) {
        checks.push(
            Check::bad("endpoint", format!("the server names no {name}"))
                .next("name it in the profile"),
        );
    }
    checks.push(client_auth(oauth, metadata));
    if matches!(oauth.grant, Grant::AuthorizationCode { .. }) {
        checks.push(pkce(metadata));
    }
    checks.extend(scope(oauth, metadata));
    if oauth.dpop && metadata.dpop_signing_alg_values_supported.is_empty() {
        checks.push(Check::odd(
            "DPoP",
            "the profile wants it, and the server does not say that it can",
        ));
    }
    checks
}

fn grant(grant: &Grant, metadata: &ServerMetadata) -> Check {
    let name = grant.name();
    let wire = match grant {
        Grant::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        Grant::Ciba(_) => "urn:openid:params:grant-type:ciba",
        Grant::JwtBearer(_) => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        Grant::TokenExchange(_) => "urn:ietf:params:oauth:grant-type:token-exchange",
        _ => name,
    };
    let named = &metadata.grant_types_supported;
    if named.iter().any(|own| own == wire) {
        return Check::good("grant", name);
    }
    match named.is_empty() {
        true => Check::good(
            "grant",
            format!("{name}; the server does not say which it takes"),
        ),
        false => Check::bad(
            "grant",
            format!("{name}, and the server takes {}", named.join(", ")),
        )
        .next("another `grant` in the profile"),
    }
}

fn client_auth(oauth: &OAuth, metadata: &ServerMetadata) -> Check {
    const NAME: &str = "client proof";
    let named = &metadata.token_endpoint_auth_methods_supported;
    match &oauth.client_auth {
        None => Check::good(NAME, "chosen by what the server takes"),
        Some(own) if named.is_empty() || named.contains(own) => Check::good(NAME, own.as_str()),
        Some(own) => Check::bad(
            NAME,
            format!("{own}, and the server takes {}", named.join(", ")),
        )
        .next("another `client_auth` in the profile, or none"),
    }
}

fn pkce(metadata: &ServerMetadata) -> Check {
    let methods = &metadata.code_challenge_methods_supported;
    match methods.as_slice() {
        [] => Check::odd(
            "PKCE",
            "the server does not say that it takes S256; it is sent all the same",
        ),
        _ if methods.iter().any(|own| own == "S256") => Check::good("PKCE", "S256"),
        _ => Check::bad(
            "PKCE",
            format!("the server takes {} only, not S256", methods.join(", ")),
        ),
    }
}

fn scope(oauth: &OAuth, metadata: &ServerMetadata) -> Option<Check> {
    let known = &metadata.scopes_supported;
    let unknown: Vec<&str> = oauth
        .scope
        .as_ref()?
        .iter()
        .filter(|own| !known.is_empty() && !known.iter().any(|other| other == own))
        .collect();
    match unknown.is_empty() {
        true => None,
        false => Some(Check::odd(
            "scope",
            format!("the server does not list {}", unknown.join(" ")),
        )),
    }
}

fn token(profile: &Profile, status: Result<Status, Error>) -> Check {
    let status = match status {
        Ok(status) => status,
        Err(error) => return Check::bad("token", error.to_string()),
    };
    let kept = status
        .place
        .map(|place| format!(", in {place}"))
        .unwrap_or_default();
    let end = status.expires_at;
    match status.state {
        TokenState::NotNeeded => Check::good("token", "none is made; the secret is sent as it is"),
        TokenState::Valid => {
            let end = end.map_or_else(
                || "good until it is refused".to_owned(),
                |end| format!("expires {}", time::distance(end)),
            );
            Check::good("token", format!("{end}{kept}"))
        }
        TokenState::Renewable => Check::good("token", format!("the next use gets a new one{kept}")),
        TokenState::LoginNeeded => Check::odd("token", "none that is good")
            .next(format!("gatepass login {}", profile.name)),
    }
}
