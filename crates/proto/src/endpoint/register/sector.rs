//! Pairwise subjects at registration (OpenID Connect Core 1.0 §8.1): to which sector a client belongs.

use super::settle::{CODE, REFRESH, invalid};
use crate::OAuthError;
use crate::decide::documents::DocumentKind;
use crate::decide::{Facts, Halt, host_of};
use crate::message::registration::ClientMetadata;

/// The `subject_type` of a client whose users have a `sub` for its sector alone.
pub(super) const PAIRWISE: &str = "pairwise";

/// The most redirect URIs that one sector lists.
const MAX_LISTED: usize = 1024;

/// What can be said without asking anybody: who wants pairwise subjects belongs to one sector, by a `sector_identifier_uri`
/// or by the one host of its redirect URIs. Only a redirect proves that it does, so it can have no other way to its tokens:
/// or whoever named a stranger's host would learn what people are called there.
pub(super) fn check(settled: &ClientMetadata) -> Result<(), OAuthError> {
    if settled.subject_type.as_deref() != Some(PAIRWISE) {
        return Ok(());
    }
    let by_redirect = |grant: &String| grant == CODE || grant == REFRESH;
    if !settled.grant_types.iter().all(by_redirect) {
        return Err(invalid(
            "pairwise is for clients whose grant_types are authorization_code and refresh_token",
        ));
    }
    if settled.sector_identifier_uri.is_some() {
        return Ok(());
    }
    let mut hosts = settled.redirect_uris.iter().map(|uri| host_of(uri));
    let first = hosts.next().flatten();
    if first.is_none() || !hosts.all(|host| host == first) {
        return Err(invalid(
            "pairwise takes redirect_uris of one host, or a sector_identifier_uri that lists them all",
        ));
    }
    Ok(())
}

/// The document at the `sector_identifier_uri` has to list every redirect URI, whatever the `subject_type`: so its owner
/// says who belongs to the sector.
///
/// # Errors
///
/// [`Halt::Need`] while it is not known; [`Halt::Refuse`] with `invalid_client_metadata` where it does not say so.
pub(super) fn look_up(settled: &ClientMetadata, facts: &Facts) -> Result<(), Halt> {
    let Some(uri) = &settled.sector_identifier_uri else {
        return Ok(());
    };
    let about = |what: &str| Halt::from(invalid(format!("the sector_identifier_uri {what}")));
    let document = facts
        .document(DocumentKind::Sector, uri)?
        .map_err(|fault| about(&fault.to_string()))?;
    let listed = read(document).ok_or_else(|| about("is not a JSON array of redirect URIs"))?;
    match settled.redirect_uris.iter().all(|uri| listed.contains(uri)) {
        true => Ok(()),
        false => Err(about("does not list every one of the redirect_uris")),
    }
}

/// The redirect URIs of a sector.
pub(super) fn read(document: &[u8]) -> Option<Vec<String>> {
    let listed: Vec<String> = serde_json::from_slice(document).ok()?;
    (listed.len() <= MAX_LISTED).then_some(listed)
}
