//! What a client proves itself by, as far as its record does not hold it: the keys that it publishes, and the secret of
//! which the record has only a digest and the sealed form.

use std::sync::Arc;

use serde_json::Value;

use super::record::Client;
use super::{Facts, Halt, Need};
use crate::jose::KeySet;
use crate::{ClientId, OAuthError, Secret};

/// The most keys of one client that are looked at.
const MAX_KEYS: usize = 64;

/// What was looked up so far. It stays known after a lost race: nobody is asked twice for one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    published: Vec<Published>,
    secrets: Vec<(ClientId, Option<Secret>)>,
}

#[derive(Clone, Debug)]
struct Published {
    uri: String,
    kid: Option<String>,
    keys: Option<Arc<KeySet>>,
}

impl Facts {
    /// Learns what was found at a `jwks_uri` when `kid` was looked for; `None` when nothing can be had from there.
    pub fn learn_keys(&mut self, uri: String, kid: Option<String>, keys: Option<Arc<KeySet>>) {
        self.known.published.push(Published { uri, kid, keys });
    }

    /// Learns a client's secret; `None` when what is kept of it does not open.
    pub fn learn_secret(&mut self, client_id: ClientId, secret: Option<Secret>) {
        self.known.secrets.push((client_id, secret));
    }

    /// The public keys of a client (RFC 7591 §2): its `jwks`, else what it publishes at its `jwks_uri`. `kid` is the
    /// one that is looked for, so that a set without it is asked for anew.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while they are not known; [`Halt::Refuse`] with `invalid_client` for a client without keys and
    /// with 503 where nothing can be had from its `jwks_uri`.
    pub fn client_keys(&self, client: &Client, kid: Option<&str>) -> Result<Arc<KeySet>, Halt> {
        if let Some(jwks) = &client.details.jwks {
            return Ok(Arc::new(registered(jwks)));
        }
        let uri = client.details.jwks_uri.as_deref().ok_or_else(|| {
            OAuthError::invalid_client().hint("the client has neither jwks nor jwks_uri")
        })?;
        let found = self
            .known
            .published
            .iter()
            .find(|own| own.uri == uri && own.kid.as_deref() == kid);
        match found {
            None => Err(Halt::Need(vec![Need::Keys {
                uri: uri.to_owned(),
                kid: kid.map(str::to_owned),
            }])),
            Some(Published { keys: None, .. }) => {
                let hint = "the client's jwks_uri gives no keys";
                Err(OAuthError::unavailable().hint(hint).into())
            }
            Some(Published {
                keys: Some(keys), ..
            }) => Ok(Arc::clone(keys)),
        }
    }

    /// The secret of a client whose secret is kept sealed.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while it is not known; [`Halt::Refuse`] with `invalid_client` where there is none.
    pub fn client_secret(&self, client: &Client) -> Result<&Secret, Halt> {
        let none = |hint: &str| Halt::from(OAuthError::invalid_client().hint(hint));
        let Some(sealed) = &client.details.sealed_secret else {
            return Err(none("the client has no sealed secret"));
        };
        let secrets = &self.known.secrets;
        match secrets.iter().find(|(id, _)| *id == client.client_id) {
            None => Err(Halt::Need(vec![Need::ClientSecret {
                client_id: client.client_id.clone(),
                sealed: sealed.clone(),
            }])),
            Some((_, None)) => Err(none("the client's sealed secret does not open")),
            Some((_, Some(secret))) => Ok(secret),
        }
    }
}

fn registered(jwks: &Value) -> KeySet {
    let keys = jwks.get("keys").and_then(Value::as_array);
    KeySet::of(keys.into_iter().flatten().take(MAX_KEYS))
}
