//! Where a client wants to be told of things: what an operator may register.

use gatepass_http::check_url;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::endpoint::backchannel::DELIVERY_MODES;
use gatepass_proto::id_token::ALGORITHMS;
use url::Url;

use super::AdminError;

/// Checks the addresses that notices go to, and how answers are signed.
///
/// # Errors
///
/// An address cannot be called at, or what is asked for is not served.
pub(super) fn check(details: &ClientDetails) -> Result<(), AdminError> {
    let invalid = |text: String| Err(AdminError::Invalid(text));
    let endpoint = &details.backchannel_client_notification_endpoint;
    for (name, uri) in [
        ("backchannel_logout_uri", &details.backchannel_logout_uri),
        ("backchannel_client_notification_endpoint", endpoint),
    ] {
        let Some(uri) = uri else {
            continue;
        };
        let url = Url::parse(uri)
            .map_err(|_| AdminError::Invalid(format!("{name}: {uri:?} is not an absolute URL")))?;
        check_url(&url).map_err(|error| AdminError::Invalid(format!("{name}: {error}")))?;
        if url.fragment().is_some() {
            return invalid(format!("{name} must not have a fragment"));
        }
    }
    let mode = details.backchannel_token_delivery_mode.as_deref();
    if mode == Some("ping") && endpoint.is_none() {
        return invalid("ping takes a backchannel_client_notification_endpoint".to_owned());
    }
    if mode.is_some_and(|mode| !DELIVERY_MODES.contains(&mode)) {
        let served = DELIVERY_MODES.join(" and ");
        return invalid(format!(
            "backchannel_token_delivery_mode: there are {served}"
        ));
    }
    let signed_by = details.introspection_signed_response_alg.as_deref();
    if signed_by.is_some_and(|alg| !ALGORITHMS.contains(&alg)) {
        let served = ALGORITHMS.join(" and ");
        return invalid(format!(
            "introspection_signed_response_alg: there are {served}"
        ));
    }
    Ok(())
}
