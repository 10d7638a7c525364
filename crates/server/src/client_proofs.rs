//! What clients prove themselves by, as far as it is not in the database in clear: the keys that they publish, which are
//! fetched, and their sealed secrets, which are opened.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_http::{Clock, Egress, HttpTransport, KeyCache, NamedByServer};
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, Secret};
use url::Url;

use crate::judge::ClientProofs;
use crate::seal::{MasterKey, SealError};

/// The largest key set that is read, in bytes.
const MAX_KEY_SET: usize = 256 * 1024;
/// The time that a client's server has, within the time of the request that waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fetches keys and opens secrets for one server.
pub(crate) struct Outside {
    cache: KeyCache,
    /// Made when it is first needed: most servers never ask anybody.
    transport: OnceLock<Option<NamedByServer>>,
    egress: Egress,
    clock: Arc<dyn Clock>,
    master: Arc<MasterKey>,
}

impl Outside {
    /// Over these rules of where requests may go.
    pub(crate) fn new(egress: Egress, clock: Arc<dyn Clock>, master: Arc<MasterKey>) -> Self {
        Self {
            cache: KeyCache::new(),
            transport: OnceLock::new(),
            egress: Egress {
                max_answer: MAX_KEY_SET,
                connect_timeout: PATIENCE,
                timeout: PATIENCE,
                ..egress
            },
            clock,
            master,
        }
    }

    /// Clients are strangers: no host is trusted for having been named by one.
    fn transport(&self) -> Option<&NamedByServer> {
        let made = self.transport.get_or_init(|| {
            let made = HttpTransport::new(self.egress.clone());
            let failed = |error| tracing::error!(%error, "nothing can be fetched");
            made.map_err(failed).ok().map(|own| own.named_by(&[]))
        });
        made.as_ref()
    }
}

#[async_trait]
impl ClientProofs for Outside {
    async fn keys(&self, uri: &str, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let url = Url::parse(uri).ok()?;
        let transport = self.transport()?;
        let found = self.cache.keys(&url, kid, transport, &*self.clock).await;
        found
            .map_err(|error| tracing::warn!(%error, "a client's keys cannot be fetched"))
            .ok()
    }

    fn secret(&self, client_id: &ClientId, sealed: &str) -> Option<Secret> {
        let opened = open(&self.master, client_id, sealed);
        let failed = |error| tracing::error!(%client_id, %error, "a client's secret does not open");
        opened.map_err(failed).ok()
    }
}

/// A client's secret as it lies in the database (`sealed_secret`).
pub(crate) fn seal(
    master: &MasterKey,
    client_id: &ClientId,
    secret: &Secret,
) -> Result<String, SealError> {
    let sealed = master.seal(&aad(client_id), secret.expose().as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

fn open(master: &MasterKey, client_id: &ClientId, sealed: &str) -> Result<Secret, SealError> {
    let sealed = URL_SAFE_NO_PAD
        .decode(sealed)
        .map_err(|_| SealError::Malformed)?;
    let opened = master.open(&aad(client_id), &sealed)?;
    let text = std::str::from_utf8(&opened).map_err(|_| SealError::Malformed)?;
    Ok(Secret::new(text))
}

/// It opens only as the secret of this client.
fn aad(client_id: &ClientId) -> String {
    format!("client-secret:{client_id}")
}

#[cfg(test)]
mod tests {
    use gatepass_http::OsEntropy;
    use gatepass_proto::{ClientId, Secret};

    use super::{open, seal};
    use crate::seal::{MasterKey, SealError};

    #[test]
    fn a_secret_opens_as_its_own_clients_alone() {
        let master = MasterKey::ephemeral(&mut OsEntropy).expect("a key");
        let (own, other) = (ClientId::new("a"), ClientId::new("b"));
        let secret = Secret::new("hunter2");
        let sealed = seal(&master, &own, &secret).expect("sealed");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(open(&master, &own, &sealed), Ok(secret));
        assert_eq!(open(&master, &other, &sealed), Err(SealError::Refused));
        assert_eq!(open(&master, &own, "!"), Err(SealError::Malformed));
        let another = MasterKey::ephemeral(&mut OsEntropy).expect("a key");
        assert_eq!(open(&another, &own, &sealed), Err(SealError::Refused));
    }
}
