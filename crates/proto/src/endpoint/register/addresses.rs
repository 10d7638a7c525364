//! The addresses that a client names.

use url::Url;

use super::settle::invalid;
use super::terms::Terms;
use crate::decide::check_redirect_uri;
use crate::message::authorization::OUT_OF_BAND;
use crate::message::registration::ClientMetadata;
use crate::{ErrorCode, OAuthError};

/// Checks them all.
pub(super) fn check(settled: &ClientMetadata, terms: &Terms) -> Result<(), OAuthError> {
    let has_code = !settled.response_types.is_empty();
    if has_code && settled.redirect_uris.is_empty() {
        return Err(refused("redirect_uris is missing"));
    }
    let native = settled.application_type.as_deref() == Some("native");
    for uri in &settled.redirect_uris {
        redirect(uri, native)?;
    }
    for uri in &settled.post_logout_redirect_uris {
        redirect(uri, native).map_err(|error| {
            invalid(format!(
                "post_logout_redirect_uris: {}",
                error.description()
            ))
        })?;
    }
    for (name, uri) in [
        ("client_uri", &settled.client_uri),
        ("logo_uri", &settled.logo_uri),
        ("policy_uri", &settled.policy_uri),
        ("tos_uri", &settled.tos_uri),
    ] {
        page(name, uri.as_deref())?;
    }
    let request_uris = settled.request_uris.iter().map(|uri| ("request_uris", uri));
    let others = [
        ("jwks_uri", &settled.jwks_uri),
        ("sector_identifier_uri", &settled.sector_identifier_uri),
        ("backchannel_logout_uri", &settled.backchannel_logout_uri),
        (
            "backchannel_client_notification_endpoint",
            &settled.backchannel_client_notification_endpoint,
        ),
    ];
    let others = others
        .into_iter()
        .filter_map(|(name, uri)| Some((name, uri.as_ref()?)));
    for (name, uri) in request_uris.chain(others) {
        document(name, uri, terms)?;
    }
    Ok(())
}

fn refused(text: impl Into<String>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRedirectUri, text.into())
}

/// A scheme of an application's own is for those that say they are one (RFC 8252 §7.1); showing the code to a person is
/// an older habit that an operator allows.
fn redirect(uri: &str, native: bool) -> Result<(), OAuthError> {
    if uri == OUT_OF_BAND {
        return Err(refused(
            "out-of-band redirects are not for clients that register themselves",
        ));
    }
    check_redirect_uri(uri).map_err(|fault| refused(fault.to_string()))?;
    let web = uri.starts_with("https:") || uri.starts_with("http:");
    if !web && !native {
        return Err(refused(
            "a scheme of its own is for clients whose application_type is native",
        ));
    }
    Ok(())
}

/// A page for people to look at.
fn page(name: &str, uri: Option<&str>) -> Result<(), OAuthError> {
    let good = |uri: &str| {
        Url::parse(uri)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.username().is_empty())
    };
    match uri {
        Some(uri) if !good(uri) => Err(invalid(format!("{name} is not the address of a page"))),
        _ => Ok(()),
    }
}

/// A place that this server calls at. Whether it may be reached is asked when it is.
fn document(name: &str, uri: &str, terms: &Terms) -> Result<(), OAuthError> {
    let good = Url::parse(uri).is_ok_and(|url| {
        let plain = terms.is_local && url.scheme() == "http" && check_redirect_uri(uri).is_ok();
        let bare = url.username().is_empty() && url.password().is_none();
        (url.scheme() == "https" || plain)
            && bare
            // OpenID Connect Core §6.2 lets a request_uri have the digest of its document there.
            && (url.fragment().is_none() || name == "request_uris")
    });
    match good {
        true => Ok(()),
        false => Err(invalid(format!(
            "{name} must be https, without user name and fragment"
        ))),
    }
}
