//! Passwords of people: Argon2id, away from the runtime's threads, and never too many at once. For those who implement
//! [`Users`](crate::Users); it needs the feature `passwords`.

mod hashed;
#[cfg(test)]
mod tests;
mod workspace;

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use gatepass_proto::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use hashed::{HashFault, HashedPassword};
use workspace::Workspaces;

/// The longest password, in bytes.
pub const MAX_BYTES: usize = 1024;
/// How many hashes may wait for a free core.
const MAX_WAITING: usize = 64;
/// Memory of one hash in KiB, passes and lanes (OWASP Password Storage Cheat Sheet, Argon2id).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes and checks passwords. Clones share their bounds.
///
/// A hash takes 19 MiB and tens of milliseconds of one core. As many run as there are cores, some more
/// wait in line, and beyond that the answer is [`Busy`] at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    workspaces: Workspaces,
    /// One place for each hash that runs or waits.
    places: Arc<Semaphore>,
    /// One core for each hash that runs.
    cores: Arc<Semaphore>,
}

/// A place in line, for one hash.
#[derive(Debug)]
pub struct Place(OwnedSemaphorePermit);

/// Too many passwords are being checked already: 503, to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once; try again in a moment")]
pub struct Busy;

impl Default for Passwords {
    /// As many hashes at once as there are cores, and 64 in line behind them.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with_limits(cores, MAX_WAITING)
    }
}

impl Passwords {
    /// `cores` hashes at once, and `waiting` in line behind them.
    pub fn with_limits(cores: usize, waiting: usize) -> Self {
        let (memory, passes, lanes) = COST;
        // The cost is a constant within Argon2's bounds; the tests would notice the defaults.
        let params = Params::new(memory, passes, lanes, None).unwrap_or_default();
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            workspaces: Workspaces::default(),
            places: Arc::new(Semaphore::new(cores.saturating_add(waiting))),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The hash of a new password. Whether it is a good one is for others to say.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub async fn hash(&self, password: &Secret) -> Result<HashedPassword, Busy> {
        let argon2 = self.argon2.clone();
        let hashed = self
            .on_a_core(self.place()?, password, move |_, password| {
                HashedPassword::make(&argon2, &password)
            })
            .await?;
        // What is left are faults of the system's random numbers.
        hashed.ok_or(Busy)
    }

    /// A place in line.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub fn place(&self) -> Result<Place, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(Place).map_err(|_| Busy)
    }

    /// Whether `password` is the one that `hash` was made of. `None` means that there is no such user: that
    /// takes as long as a hash of [`Passwords::hash`], and is false.
    ///
    /// # Errors
    ///
    /// The runtime is about to end.
    pub async fn verify(
        &self,
        place: Place,
        hash: Option<&HashedPassword>,
        password: &Secret,
    ) -> Result<bool, Busy> {
        if password.expose().len() > MAX_BYTES {
            return Ok(false);
        }
        let exists = hash.is_some();
        let Some(hash) = hash.cloned().or_else(HashedPassword::of_nobody) else {
            return Ok(false);
        };
        let right = self
            .on_a_core(place, password, move |workspaces, password| {
                hash.is_of(password, workspaces)
            })
            .await?;
        Ok(right && exists)
    }

    /// Runs other work on a password that takes long, as a look at how easy it is to guess, within the same bounds.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub async fn work<T: Send + 'static>(
        &self,
        password: &Secret,
        work: impl FnOnce(Secret) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = self.place()?;
        self.on_a_core(place, password, move |_, password| work(password))
            .await
    }

    /// Runs `work` on a thread of its own when a core is free. The permits go with it, so that a request
    /// whose client has gone does not make room before its hash is done.
    async fn on_a_core<T: Send + 'static>(
        &self,
        Place(place): Place,
        password: &Secret,
        work: impl FnOnce(&Workspaces, Secret) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| Busy)?;
        let permits: [OwnedSemaphorePermit; 2] = [place, core];
        let (workspaces, password) = (self.workspaces.clone(), password.clone());
        tokio::task::spawn_blocking(move || {
            let _permits = permits;
            work(&workspaces, password)
        })
        .await
        .map_err(|_| Busy)
    }
}
