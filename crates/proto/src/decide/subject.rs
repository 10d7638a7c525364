//! What a person is called towards a client (OpenID Connect Core 1.0 §8).
//!
//! A client with pairwise subjects gets a name for each person that no client of another sector gets. It stands in
//! everything that client receives: ID tokens, logout tokens, UserInfo, access tokens, whoever reads those, and what is
//! said about them at introspection. So this server finds a person by a token's grant, and never by its `sub`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::Rules;
use super::record::Client;
use crate::UserId;

/// The key that pairwise names are made with. Whoever has another key has other names for the same people.
#[derive(Clone)]
pub struct Pairwise(hmac::Key);

impl Pairwise {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn name(&self, sector: &str, user_id: &UserId) -> String {
        let mut mac = hmac::Context::with_key(&self.0);
        // No host has a zero in it.
        for part in [sector.as_bytes(), b"\0", user_id.as_str().as_bytes()] {
            mac.update(part);
        }
        URL_SAFE_NO_PAD.encode(mac.sign())
    }
}

impl std::fmt::Debug for Pairwise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pairwise([redacted])")
    }
}

impl Rules {
    /// The `sub` by which this client knows this person.
    pub fn subject(&self, client: &Client, user_id: &UserId) -> String {
        match client.details.pairwise {
            true => self.pairwise.name(&sector(client), user_id),
            false => user_id.to_string(),
        }
    }
}

/// The host of the `sector_identifier_uri`, else the one of the `redirect_uris` (§8.1). A client that has neither, which
/// does not register itself, is a sector of its own.
fn sector(client: &Client) -> String {
    let named = client.details.sector_identifier_uri.as_ref();
    let host = named.or_else(|| client.redirect_uris.first());
    let host = host.and_then(|uri| host_of(uri));
    host.unwrap_or_else(|| format!("client:{}", client.client_id))
}

/// The host of an address with one.
pub(crate) fn host_of(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}
