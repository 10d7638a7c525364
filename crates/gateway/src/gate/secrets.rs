//! What the settings name and what is read at once: secrets, keys and certificates.

use gatepass_client::SecretRef;
use gatepass_proto::Secret;

use crate::config::{Config, ConfigError};

/// What the settings name, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secrets {
    /// `extra_ca`, in PEM.
    pub(super) roots: Vec<Vec<u8>>,
    /// The client's secret at each issuer that is asked about tokens.
    pub(super) clients: Vec<Option<Secret>>,
    /// The key of signed identities, in PEM.
    pub(super) signing_key: Option<Secret>,
}

impl Secrets {
    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// Something cannot be read.
    pub(super) async fn read(config: &Config) -> Result<Self, ConfigError> {
        let mut clients = Vec::new();
        for issuer in &config.issuer {
            let place = issuer.introspection.as_ref();
            let place = place.map(|introspection| &introspection.client_secret);
            clients.push(match place {
                Some(place) => Some(line(place, "issuer.introspection.client_secret").await?),
                None => None,
            });
        }
        let key = config
            .identity
            .jwt
            .as_ref()
            .and_then(|jwt| jwt.key.as_ref());
        Ok(Self {
            roots: match &config.extra_ca {
                Some(path) => vec![tokio::fs::read(path).await.map_err(|error| {
                    ConfigError::setting("extra_ca", format!("{}: {error}", path.display()))
                })?],
                None => Vec::new(),
            },
            clients,
            signing_key: match key {
                Some(place) => Some(
                    place
                        .read_all()
                        .await
                        .map_err(|error| ConfigError::setting("identity.jwt.key", error))?,
                ),
                None => None,
            },
        })
    }
}

async fn line(place: &SecretRef, setting: &'static str) -> Result<Secret, ConfigError> {
    let secret = place.read().await;
    secret.map_err(|error| ConfigError::setting(setting, error))
}
