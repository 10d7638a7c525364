//! What a client may have.

use std::time::Duration;

use serde_json::Value;

use super::Rules;
use super::record::Client;
use crate::message::authorization_details;
use crate::{ErrorCode, OAuthError, Params, Scope};

/// Why what a person allowed is over, where their account is the reason: which of the two is not said.
pub(crate) const ACCOUNT: &str = "the account is locked, or its password was changed";

/// The scope of a request: what was asked for if the client may have it, else its default (RFC 6749 §3.3).
///
/// # Errors
///
/// `invalid_scope`.
pub fn scope(client: &Client, asked: Option<&Scope>) -> Result<Scope, OAuthError> {
    match asked {
        None => Ok(client.default_scope.clone()),
        Some(asked) if asked.is_subset_of(&client.scope) => Ok(asked.clone()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "scope is more than this client may ask for",
        )),
    }
}

/// The `scope` parameter, if it is there.
///
/// # Errors
///
/// `invalid_scope` when it is malformed.
pub fn asked_scope(params: &Params) -> Result<Option<Scope>, OAuthError> {
    params
        .get("scope")
        .map(str::parse)
        .transpose()
        .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))
}

/// The audience of a request: the resources it names if the client, or every client, may use them, else the server's
/// default (RFC 8707 §2).
///
/// # Errors
///
/// `invalid_target`.
pub fn audience<'a>(
    client: &Client,
    rules: &Rules,
    resources: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, OAuthError> {
    let everybodys = &rules.tokens.resources;
    let mut audience: Vec<String> = Vec::new();
    for resource in resources {
        let mut usable = [&rules.default_audience]
            .into_iter()
            .chain(everybodys)
            .chain(&client.resources);
        let Some(own) = usable.find(|own| means(resource, own)) else {
            return Err(OAuthError::new(
                ErrorCode::InvalidTarget,
                "resource is not one this client may use",
            ));
        };
        if !audience.contains(own) {
            audience.push(own.clone());
        }
    }
    if audience.is_empty() {
        audience.push(rules.default_audience.clone());
    }
    Ok(audience)
}

/// Whether a client that names `resource` means `own`. Many write an origin with the path that an empty one stands for
/// (RFC 3986 §6.2.3).
fn means(resource: &str, own: &str) -> bool {
    let is_origin = || {
        let rest = own.split_once("://").map(|(_, rest)| rest);
        rest.is_some_and(|rest| !rest.contains(['/', '?', '#']))
    };
    resource == own || (resource.strip_suffix('/') == Some(own) && is_origin())
}

/// The audience of a token that comes from a consent: of the resources consented to those that the request names, else
/// all of them (RFC 8707 §2.2).
///
/// # Errors
///
/// `invalid_target`.
pub fn targets(consented: &[String], params: &Params) -> Result<Vec<String>, OAuthError> {
    let named: Vec<&str> = params.all("resource").collect();
    if named.is_empty() {
        return Ok(consented.to_vec());
    }
    if named
        .iter()
        .any(|name| !consented.iter().any(|own| means(name, own)))
    {
        return Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "resource is not one that was consented to",
        ));
    }
    let is_named = |own: &&String| named.iter().any(|name| means(name, own));
    let meant = consented.iter().filter(is_named);
    Ok(meant.cloned().collect())
}

/// The `authorization_details` of a request, if it has any: of types that there are here and that the client registered
/// (RFC 9396 §5, §10).
///
/// # Errors
///
/// `invalid_authorization_details`.
pub fn asked_details(
    client: &Client,
    rules: &Rules,
    params: &Params,
) -> Result<Option<Value>, OAuthError> {
    let Some(text) = params.get("authorization_details") else {
        return Ok(None);
    };
    let details = authorization_details::parse(text)?;
    let known = &rules.requests.authorization_details_types;
    let own = &client.details.authorization_details_types;
    let may = |named: &str| {
        let is_named = |types: &[String]| types.iter().any(|one| one == named);
        is_named(known) && is_named(own)
    };
    if authorization_details::types(&details).all(may) {
        return Ok(Some(details));
    }
    Err(OAuthError::new(
        ErrorCode::InvalidAuthorizationDetails,
        "authorization_details has a type that this client may not use",
    ))
}

/// The `authorization_details` of a token that comes from a consent: what the request names, if it was consented to, else
/// all of it (RFC 9396 §6, §7).
///
/// # Errors
///
/// `invalid_authorization_details` when it names more.
pub fn narrowed_details(
    consented: Option<&Value>,
    params: &Params,
) -> Result<Option<Value>, OAuthError> {
    let Some(text) = params.get("authorization_details") else {
        return Ok(consented.cloned());
    };
    let asked = authorization_details::parse(text)?;
    match consented {
        Some(consented) if authorization_details::is_within(&asked, consented) => Ok(Some(asked)),
        _ => Err(OAuthError::new(
            ErrorCode::InvalidAuthorizationDetails,
            "authorization_details is more than was consented to",
        )),
    }
}

/// How long what comes from a consent to `scope` may be of use.
pub fn lasts(client: &Client, scope: &Scope, rules: &Rules) -> Duration {
    match has_refresh(client, scope) {
        true => rules.lifetimes.refresh,
        false => rules.access_token_ttl(client),
    }
}

/// Whether a consent to `scope` comes with refresh tokens: when the client registered the grant, and where
/// OpenID Connect is spoken only with `offline_access` (OpenID Connect Core §11).
pub fn has_refresh(client: &Client, scope: &Scope) -> bool {
    client.may_use("refresh_token")
        && (!scope.contains("openid") || scope.contains("offline_access"))
}
