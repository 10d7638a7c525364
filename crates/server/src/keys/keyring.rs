//! The keys of a running server, looked at again and again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass_proto::decide::Rules;
use gatepass_proto::id_token::ALGORITHMS;
use gatepass_proto::{OAuthError, Timestamp};
use tokio::sync::{Notify, watch};

use super::{Keeping, KeysError, Live, Opened, Use, sealed_keys};

/// How long an answer waits for a key that is being made.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether the time of a key has come.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the database is asked for keys, should nobody else have it asked ([`Keyring::reload`]).
const AGAIN: Duration = Duration::from_secs(10);

/// The keys of a running server.
pub(crate) struct Keyring {
    keeping: Keeping,
    seen: tokio::sync::Mutex<Seen>,
    live: watch::Sender<Arc<Live>>,
    /// The algorithms that somebody wants to sign by.
    asked: Mutex<BTreeSet<&'static str>>,
    woken: Notify,
}

/// The keys as they were in the database.
struct Seen {
    opened: Arc<Opened>,
    read_at: Timestamp,
}

impl Keyring {
    /// Begins with the keys that were opened at the start, for judgements by `rules` but for the keys in them.
    ///
    /// # Errors
    ///
    /// There is no refresh key.
    pub(crate) fn new(keeping: Keeping, opened: Opened, rules: &Rules) -> Result<Self, KeysError> {
        let now = keeping.clock.now();
        let live = Live::of(&opened, &keeping.settings, rules, now)?;
        Ok(Self {
            keeping,
            seen: tokio::sync::Mutex::new(Seen {
                opened: Arc::new(opened),
                read_at: now,
            }),
            live: watch::Sender::new(Arc::new(live)),
            asked: Mutex::default(),
            woken: Notify::new(),
        })
    }

    /// The keys as they are now.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.borrow())
    }

    /// The keys, with one that signs by `alg`. It is made if there is none, which is waited for.
    ///
    /// # Errors
    ///
    /// 503 when there is none in time.
    pub(crate) async fn live_with(&self, alg: &str) -> Result<Arc<Live>, OAuthError> {
        if Use::sign(alg).is_none() {
            return Err(OAuthError::unavailable().hint("nothing is signed by this algorithm here"));
        }
        self.ask(alg);
        self.wait(|live| live.signer(alg).is_some())
            .await
            .ok_or_else(|| OAuthError::unavailable().hint("there is no key for the algorithm yet"))
    }

    /// Sees to it that there will be a key for `alg`.
    pub(crate) fn ask(&self, alg: &str) {
        if let Some(Use::Sign(alg)) = Use::sign(alg)
            && self.live().signer(alg).is_none()
        {
            self.asked().insert(alg);
            self.woken.notify_one();
        }
    }

    /// The keys once there is one for every algorithm of the settings; `None` when that takes too long.
    pub(crate) async fn complete(&self) -> Option<Arc<Live>> {
        let algorithms = &self.keeping.settings.algorithms;
        self.wait(|live| algorithms.iter().all(|alg| live.signer(alg).is_some()))
            .await
    }

    async fn wait(&self, enough: impl Fn(&Live) -> bool) -> Option<Arc<Live>> {
        let live = self.live();
        if enough(&live) {
            return Some(live);
        }
        let mut watching = self.live.subscribe();
        let made = watching.wait_for(|live| enough(live));
        let waited = tokio::time::timeout(PATIENCE, made).await;
        Some(Arc::clone(&*waited.ok()?.ok()?))
    }

    /// Reads the keys in the database again, and changes over to them if they are others or the time of one has come.
    ///
    /// # Errors
    ///
    /// [`KeysError`]; the keys stay as they were.
    pub(crate) async fn reload(&self) -> Result<(), KeysError> {
        // One at a time, so that what was read first does not come last.
        let mut seen = self.seen.lock().await;
        let read_at = self.keeping.clock.now();
        let sealed = sealed_keys(&*self.keeping.store).await?;
        if sealed != seen.opened.sealed() {
            seen.opened = Arc::new(seen.opened.and(sealed, &self.keeping.master)?);
        }
        seen.read_at = read_at;
        self.change_over(&seen.opened)
    }

    /// Changes over to keys whose time has come; asks the database only if nobody has for a while.
    async fn look(&self) -> Result<(), KeysError> {
        let seen = self.seen.lock().await;
        self.change_over(&seen.opened)?;
        let now = self.keeping.clock.now();
        let is_fresh = (seen.read_at..seen.read_at + AGAIN).contains(&now);
        drop(seen);
        match is_fresh {
            true => Ok(()),
            false => self.reload().await,
        }
    }

    fn change_over(&self, opened: &Opened) -> Result<(), KeysError> {
        let settings = &self.keeping.settings;
        let now = self.keeping.clock.now();
        let before = self.live();
        if !before.still_stands(opened, settings, now) {
            let live = Live::of(opened, settings, &before.rules, now)?;
            self.live.send_replace(Arc::new(live));
        }
        Ok(())
    }

    /// Keeps the keys for as long as the server runs: sees what others do to them, makes those that are due, deletes those
    /// that are over.
    pub(crate) async fn keep(&self) {
        let mut failing = false;
        loop {
            match self.tend().await {
                Ok(()) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "the keys cannot be looked after; it is tried again each second");
                }
                Err(_) => {}
            }
            let clock = &self.keeping.clock;
            tokio::select! {
                () = clock.wait_until(clock.now() + PAUSE) => {}
                // The clock may have been set back.
                () = tokio::time::sleep(PAUSE) => {}
                () = self.woken.notified() => {}
            }
        }
    }

    async fn tend(&self) -> Result<(), KeysError> {
        self.look().await?;
        for wanted in self.wanted().await {
            let opened = self.opened().await;
            if self.keeping.make(wanted, &opened).await? {
                self.reload().await?;
            }
        }
        let opened = self.opened().await;
        if self.keeping.remove(&opened).await? {
            self.reload().await?;
        }
        Ok(())
    }

    /// What there has to be a key for: what the settings say, what was asked for, and what there is already.
    async fn wanted(&self) -> Vec<Use> {
        let opened = self.opened().await;
        let asked = self.asked().clone();
        let settings = &self.keeping.settings;
        let mut wanted = settings.at_once();
        for alg in ALGORITHMS {
            let used = Use::Sign(alg);
            let is_wanted = settings.algorithms.contains(&alg)
                || asked.contains(alg)
                || opened.line(used).newest().is_some();
            if is_wanted && !wanted.contains(&used) {
                wanted.push(used);
            }
        }
        wanted
    }

    async fn opened(&self) -> Arc<Opened> {
        Arc::clone(&self.seen.lock().await.opened)
    }

    fn asked(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
