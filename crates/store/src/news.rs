use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The bound within which every node sees what another one has changed.
pub(crate) const BOUND: Duration = Duration::from_secs(1);

/// News of what others change, for whoever remembers it; see [`Store::news`](crate::Store::news).
///
/// Told are changes of clients and of the server's own keys, which nodes remember. Everything else that can be
/// withdrawn (grants, single tokens, sessions, users, API keys) is looked up for every judgement that rests on it, by
/// introspection, UserInfo, refreshes and the guard's ports alike, and needs no news.
#[derive(Clone, Debug)]
pub struct News {
    editions: watch::Receiver<Edition>,
    /// Up to which change of keys [`News::keys_changed`] has told.
    keys_told: u64,
}

/// How much has been heard.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edition {
    /// How often clients may have changed.
    pub(crate) clients: u64,
    /// How often keys may have changed.
    pub(crate) keys: u64,
    /// Everything that was committed before this moment has been heard; `None` before the first word.
    pub(crate) complete_to: Option<Instant>,
}

impl News {
    /// Who writes them, and who reads them.
    pub(crate) fn channel() -> (watch::Sender<Edition>, Self) {
        let (writer, editions) = watch::channel(Edition::default());
        let keys_told = 0;
        (
            writer,
            Self {
                editions,
                keys_told,
            },
        )
    }

    pub(crate) fn edition(&self) -> Edition {
        *self.editions.borrow()
    }

    /// Whether nothing that is older than a second can have been missed. While it can, the database has to be asked.
    pub fn is_current(&self) -> bool {
        let complete_to = self.edition().complete_to;
        complete_to.is_some_and(|moment| moment.elapsed() < BOUND)
    }

    /// Waits until the server's keys may have changed since this was told the last time. A call that is given up loses
    /// nothing.
    pub async fn keys_changed(&mut self) {
        let told = self.keys_told;
        let changed = self.editions.wait_for(|edition| edition.keys != told);
        match changed.await.map(|edition| edition.keys) {
            Ok(keys) => self.keys_told = keys,
            // The store was closed: there will be no more.
            Err(_) => std::future::pending().await,
        }
    }
}
