//! The doors of the server: by its URL, what a request is for.

use gatepass_client::{Credential, Endpoints};
use url::Url;

use super::World;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::explain) enum Door {
    Resource,
    Metadata,
    Registration,
    Pushed,
    Device,
    Backchannel,
    Token,
    Keys,
    Revocation,
    Login,
    Other,
}

impl World {
    /// Whose URL this is: by what the profile names, or the server says of itself.
    pub(super) fn door(&self, url: &str) -> Door {
        if let Credential::Login(own) = &self.credential
            && (own.url == url || own.refresh_url.as_deref() == Some(url))
        {
            return Door::Login;
        }
        let nothing = Endpoints::default();
        let named = self.oauth().map_or(&nothing, |oauth| &oauth.endpoints);
        let said = &self.metadata;
        let doors = [
            (Door::Token, &named.token, &said.token_endpoint),
            (
                Door::Registration,
                &named.registration,
                &said.registration_endpoint,
            ),
            (
                Door::Pushed,
                &named.pushed_authorization_request,
                &said.pushed_authorization_request_endpoint,
            ),
            (
                Door::Device,
                &named.device_authorization,
                &said.device_authorization_endpoint,
            ),
            (
                Door::Backchannel,
                &named.backchannel_authentication,
                &said.backchannel_authentication_endpoint,
            ),
            (Door::Keys, &named.jwks, &said.jwks_uri),
            (
                Door::Revocation,
                &named.revocation,
                &said.revocation_endpoint,
            ),
        ];
        let found = doors.into_iter().find(|(_, named, said)| {
            let mut both = named.iter().chain(said.iter());
            both.any(|own| same(own, url))
        });
        match found {
            Some((door, ..)) => door,
            None if url.contains("/.well-known/oauth-protected-resource") => Door::Resource,
            None if url.contains("/.well-known/") => Door::Metadata,
            None => Door::Other,
        }
    }
}

/// Whether two texts are one URL.
fn same(one: &str, other: &str) -> bool {
    matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}
