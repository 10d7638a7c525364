//! People's passwords: Argon2id, away from the runtime's threads, and never too many at once.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use gatepass_proto::Secret;
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::workspace::Workspaces;

/// The shortest new password, in characters (ASVS 5 §6.2.1).
const MIN_CHARS: usize = 8;
/// The longest password, in bytes.
const MAX_BYTES: usize = 1024;
/// How many hashes may wait for a free core.
const MAX_WAITING: usize = 64;
/// Memory of one hash in KiB, passes and lanes (OWASP Password Storage Cheat Sheet, Argon2id).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// What a password is compared with when there is no such user: random bytes that no password hashes to,
/// at the same cost as a real hash. A constant, so that starting up costs no hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$pSjsbi1hFDsRO1wMOQ6NDg$uZ6Jct0rIGQt4P/3GcEcuLV+yYzqLlfpzLcWnttKBPY";
/// The passwords that everyone tries first, of those that are long enough; in lower case, one a line.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

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

/// Why a password was not taken for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NewPasswordError {
    /// Fewer than 8 characters.
    #[error("the password is too short; use at least {MIN_CHARS} characters, better 15")]
    TooShort,
    /// More than 1,024 bytes.
    #[error("the password is too long; use at most {MAX_BYTES} bytes")]
    TooLong,
    /// On the list of the most common ones.
    #[error("the password is one of those that everyone tries first; choose another")]
    Common,
    /// See [`Busy`].
    #[error(transparent)]
    Busy(#[from] Busy),
}

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

    /// The PHC string of a new password, fit for the database.
    ///
    /// # Errors
    ///
    /// The password is too short, too long or too common, or the queue is full.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, NewPasswordError> {
        admissible(password)?;
        let argon2 = self.argon2.clone();
        let hashed = self
            .on_a_core(self.place()?, password, move |_, password| {
                argon2.hash_password(password).map(|hash| hash.to_string())
            })
            .await?;
        // What is left are faults of the system's random numbers.
        hashed.map_err(|_| NewPasswordError::Busy(Busy))
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

/// Whether a new password is good enough (NIST SP 800-63B §3.1.1.2): long enough, and not one that everyone tries first.
pub(crate) fn admissible(password: &Secret) -> Result<(), NewPasswordError> {
    let text = password.expose();
    if text.len() > MAX_BYTES {
        return Err(NewPasswordError::TooLong);
    }
    if text.chars().count() < MIN_CHARS {
        return Err(NewPasswordError::TooShort);
    }
    let lower = Secret::new(text.to_lowercase());
    if COMMON.contains(lower.expose()) {
        return Err(NewPasswordError::Common);
    }
    Ok(())
}

#[cfg(test)]
#[path = "passwords_tests.rs"]
mod tests;
