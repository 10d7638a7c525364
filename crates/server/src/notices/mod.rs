//! What the server tells its clients of its own accord: that a login has ended, that a person has answered.
//!
//! A notice is committed with what it tells of (`gatepass_proto::decide::notice`). Every node runs an [`Outbox`], which
//! takes what is due, sends it, and puts off or gives up what does not arrive. One that is committed here is sent at once;
//! one of another node, or of `gatepass admin`, is found by looking every second.

mod letter;
mod logins;
mod outbox;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::ClientId;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::item::Kept as _;
use gatepass_proto::decide::notice::Notice;
use gatepass_proto::decide::record::Record;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::seal::{MasterKey, SealError};

pub(crate) use logins::{led, login_at, logins_of};
pub(crate) use outbox::Outbox;

/// What the endpoints have to do with notices.
pub(crate) struct Notices {
    wake: Notify,
    master: Arc<MasterKey>,
}

impl Notices {
    pub(crate) fn new(master: Arc<MasterKey>) -> Self {
        Self {
            wake: Notify::new(),
            master,
        }
    }

    /// Has this node look at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Until somebody calls [`Notices::wake`].
    async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Seals what a client is to be sent later; it opens only for the same client.
    pub(crate) fn seal(&self, client_id: &ClientId, text: &str) -> Option<String> {
        let sealed = self.master.seal(&aad(client_id), text.as_bytes());
        let failed = |error| tracing::error!(%client_id, %error, "a notice cannot be sealed");
        Some(URL_SAFE_NO_PAD.encode(sealed.map_err(failed).ok()?))
    }

    fn open(&self, client_id: &ClientId, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed);
        let sealed = sealed.map_err(|_| SealError::Malformed)?;
        self.master.open(&aad(client_id), &sealed)
    }
}

/// Whether a notice is among these changes.
pub(crate) fn among(changes: &[Change]) -> bool {
    changes.iter().any(|change| match change {
        Change::Insert(Record::Item(item)) => item.space == Notice::SPACE,
        _ => false,
    })
}

/// It opens only as a notice to this client.
fn aad(client_id: &ClientId) -> String {
    format!("notice:{client_id}")
}
