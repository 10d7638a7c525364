//! Rows that cannot matter any more go, little by little.

use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_store::Store;

/// How often it is looked for them.
const PAUSE: Duration = Duration::from_secs(60);
/// How many of each kind go at a time.
const LIMIT: u32 = 200;
/// How long everybody else has the database for themselves while there are more.
const BREATH: Duration = Duration::from_millis(100);

/// Sweeps until it is aborted.
pub(crate) async fn sweep(store: Arc<dyn Store>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        while leaves_more(&*store).await {
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// Sweeps once; whether there may be more.
async fn leaves_more(store: &dyn Store) -> bool {
    match store.sweep(SystemClock.now(), LIMIT).await {
        Ok(rows) => {
            tracing::debug!(rows, "swept");
            rows >= u64::from(LIMIT)
        }
        Err(error) => {
            tracing::warn!(%error, "sweeping failed; it is tried again in a minute");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gatepass_http::{Clock as _, SystemClock};
    use gatepass_proto::Timestamp;
    use gatepass_proto::decide::change::Change;
    use gatepass_proto::decide::record::{Denied, Key, Record};
    use gatepass_store::{MemoryStore, Store as _};

    use super::{BREATH, LIMIT, PAUSE, sweep};

    #[tokio::test(start_paused = true)]
    async fn more_than_fit_into_one_go_are_gone_soon_after() {
        let store = Arc::new(MemoryStore::new());
        let ended = Timestamp::from_secs(1);
        let jti = |n: u32| format!("jti-{n}");
        let denied = (0..LIMIT * 3).map(|n| {
            let (jti, until) = (jti(n), ended);
            Change::Insert(Record::Denied(Denied { jti, until }))
        });
        store.commit(denied.collect()).await.expect("kept");
        let keys: Vec<Key> = (0..LIMIT * 3).map(|n| Key::Denied(jti(n))).collect();
        let left = async || {
            let found = store.load(&keys).await.expect("there");
            found.iter().flatten().count()
        };
        assert!(SystemClock.now() > ended);
        let sweeping = tokio::spawn(sweep(store.clone()));
        tokio::time::sleep(PAUSE / 2).await;
        assert_eq!(left().await, keys.len());
        tokio::time::sleep(PAUSE / 2 + BREATH * 10).await;
        assert_eq!(left().await, 0);
        sweeping.abort();
    }
}
