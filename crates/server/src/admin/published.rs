//! What a client publishes at its own site, and the sector that it belongs to, as an operator registers them. Nothing is
//! fetched: the operator knows whose addresses they are.

use gatepass_proto::decide::details::ClientDetails;
use url::Url;

use super::{AdminError, NewClient};

/// Checks the addresses, and that a client with pairwise subjects belongs to one sector (OpenID Connect Core §8.1).
///
/// # Errors
///
/// What is wrong.
pub(super) fn check(new: &NewClient) -> Result<(), AdminError> {
    let details = &new.details;
    for uri in &details.request_uris {
        address("request_uri", uri)?;
    }
    if let Some(uri) = &details.sector_identifier_uri {
        address("sector_identifier_uri", uri)?;
    }
    match details.pairwise && !is_of_one_sector(new, details) {
        true => Err(AdminError::Invalid(
            "pairwise subjects take redirect URIs of one host, or a sector_identifier_uri"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

fn is_of_one_sector(new: &NewClient, details: &ClientDetails) -> bool {
    let host = |uri: &String| Url::parse(uri).ok()?.host_str().map(str::to_owned);
    let mut hosts = new.redirect_uris.iter().map(host);
    let first = hosts.next();
    details.sector_identifier_uri.is_some() || hosts.all(|host| Some(host) == first)
}

/// One that this server may call at: https, or http to this machine. Whether it may be reached is asked when it is.
fn address(name: &str, uri: &str) -> Result<(), AdminError> {
    let fault = |why: String| AdminError::Invalid(format!("the {name} {uri:?} {why}"));
    let url = Url::parse(uri).map_err(|_| fault("is not a URL".to_owned()))?;
    gatepass_http::check_url(&url).map_err(|error| fault(format!("will not do: {error}")))
}
