//! People's passwords: Argon2id, away from the runtime's threads, and never too many at once.

mod admission;

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use gatepass_proto::Secret;
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::workspace::Workspaces;

pub(crate) use admission::{Admitted, NewPasswordError};

/// The longest password, in bytes.
const MAX_BYTES: usize = 1024;
/// How many hashes may wait for a free core.
const MAX_WAITING: usize = 64;
/// Memory of one hash in KiB, passes and lanes (OWASP Password Storage Cheat Sheet, Argon2id).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// What a password is compared with when there is no such user: random bytes that no password hashes to,
/// at the same cost as a real hash. A constant, so that starting up costs no hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$pSjsbi1hFDsRO1wMOQ6NDg$uZ6Jct0rIGQt4P/3GcEcuLV+yYzqLlfpzLcWnttKBPY";

/// Hashes and checks passwords.
///
/// A hash takes 19 MiB and tens of milliseconds of one core. As many run as there are cores, some more
/// wait in line, and beyond that the answer is [`Busy`] at once.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    workspaces: Workspaces,
    /// One place for each hash that runs or waits.
    places: Arc<Semaphore>,
    /// One core for each hash that runs.
    cores: Arc<Semaphore>,
}

/// A place in line, for one hash.
#[derive(Debug)]
pub(crate) struct Place(OwnedSemaphorePermit);

/// Too many passwords are being checked already: 503, to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at once; try again in a moment")]
pub(crate) struct Busy;

impl Passwords {
    /// As many hashes at once as there are cores, and 64 in line behind them.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with_limits(cores, MAX_WAITING)
    }

    /// `cores` hashes at once, and `waiting` in line behind them.
    pub(crate) fn with_limits(cores: usize, waiting: usize) -> Self {
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

    /// Whether a new password is good enough. `about` is what others know of the account, such as its name.
    ///
    /// # Errors
    ///
    /// It is too short, too long, too common or too easy to guess, or the queue is full.
    pub(crate) async fn admit(
        &self,
        password: &Secret,
        about: &[&str],
    ) -> Result<Admitted, NewPasswordError> {
        let about: Vec<String> = about.iter().map(ToString::to_string).collect();
        let (place, given) = (self.place()?, password.clone());
        self.on_a_core(place, password, move |_, _| admission::admit(given, &about))
            .await?
    }

    /// The PHC string of a new password, fit for the database.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) async fn hash(&self, Admitted(password): &Admitted) -> Result<String, Busy> {
        let argon2 = self.argon2.clone();
        let hashed = self
            .on_a_core(self.place()?, password, move |_, password| {
                argon2.hash_password(password).map(|hash| hash.to_string())
            })
            .await?;
        // What is left are faults of the system's random numbers.
        hashed.map_err(|_| Busy)
    }

    /// A place in line.
    ///
    /// # Errors
    ///
    /// The queue is full.
    pub(crate) fn place(&self) -> Result<Place, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(Place).map_err(|_| Busy)
    }

    /// Whether `password` is the one that `phc` was made of. `None` means that there is no such user: that
    /// takes as long, and is false.
    ///
    /// # Errors
    ///
    /// The runtime is about to end.
    pub(crate) async fn verify(
        &self,
        place: Place,
        phc: Option<&str>,
        password: &Secret,
    ) -> Result<bool, Busy> {
        if password.expose().len() > MAX_BYTES {
            return Ok(false);
        }
        let stored = phc.and_then(|phc| {
            let parsed = PasswordHash::new(phc).ok();
            if parsed.is_none() {
                tracing::error!(
                    "a password hash in the database is damaged; set the password anew"
                );
            }
            parsed
        });
        let exists = stored.is_some();
        let Some(hash) = stored.or_else(|| PasswordHash::new(NOBODY).ok()) else {
            return Ok(false);
        };
        let right = self
            .on_a_core(place, password, move |workspaces, password| {
                is_right(&hash, password, workspaces)
            })
            .await?;
        Ok(right && exists)
    }

    /// Runs `work` on a thread of its own when a core is free. The permits go with it, so that a request
    /// whose client has gone does not make room before its hash is done.
    async fn on_a_core<T: Send + 'static>(
        &self,
        Place(place): Place,
        password: &Secret,
        work: impl FnOnce(&Workspaces, &[u8]) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| Busy)?;
        let permits: [OwnedSemaphorePermit; 2] = [place, core];
        let (workspaces, password) = (self.workspaces.clone(), password.clone());
        tokio::task::spawn_blocking(move || {
            let _permits = permits;
            work(&workspaces, password.expose().as_bytes())
        })
        .await
        .map_err(|_| Busy)
    }
}

/// Whether `password` hashes to `hash`, which is Argon2id of whatever cost it was made with.
fn is_right(hash: &PasswordHash, password: &[u8], workspaces: &Workspaces) -> bool {
    let (Some(salt), Some(expected), Ok(params)) = (&hash.salt, &hash.hash, Params::try_from(hash))
    else {
        return false;
    };
    if hash.algorithm.as_str() != "argon2id" || hash.version.is_some_and(|version| version != 0x13)
    {
        return false;
    }
    let mut got = vec![0; expected.len()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hashed = workspaces.lend(argon2.params().block_count(), |blocks| {
        argon2.hash_password_into_with_memory(password, salt.as_ref(), &mut got, blocks)
    });
    hashed.is_ok() && got.ct_eq(expected.as_bytes()).into()
}

#[cfg(test)]
mod tests;
