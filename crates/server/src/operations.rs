//! For operators: whether the server can work.

use std::sync::Arc;
use std::time::Duration;

use gatepass_listen::NotReady;
use gatepass_proto::decide::record::Key;
use gatepass_store::Store;

/// How long the database may take to say that it is there.
const READY: Duration = Duration::from_secs(2);

/// Whether the database answers. What it says of its trouble is in the log.
pub(crate) async fn ready(store: Arc<dyn Store>) -> Result<(), NotReady> {
    let keys = [Key::SealedKey("refresh-1".to_owned())];
    match tokio::time::timeout(READY, store.load(&keys)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database is in trouble");
            Err("the database does not answer as it should".into())
        }
        Err(_) => Err("the database does not answer in time".into()),
    }
}
