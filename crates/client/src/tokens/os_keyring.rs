use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

/// How long the keyring may take: time enough for a person to unlock it.
const PATIENCE: Duration = Duration::from_secs(60);
/// What our entries are filed under.
pub(crate) const SERVICE: &str = "gatepass";

/// The keyring of the operating system: Secret Service on Linux and the BSDs, Keychain on macOS, Credential Manager
/// on Windows. It is asked when it is needed and not before.
#[derive(Clone)]
pub struct Keyring(Source);

#[derive(Clone)]
enum Source {
    System,
    Memory(Arc<CredentialStore>),
    Absent,
}

impl Keyring {
    /// The keyring of this person's session.
    pub fn of_this_user() -> Self {
        Self(Source::System)
    }

    /// A keyring that is gone with the program, for tests. Clones share what it holds.
    pub fn in_memory() -> Self {
        match keyring_core::mock::Store::new() {
            Ok(store) => Self(Source::Memory(store)),
            Err(_) => Self::absent(),
        }
    }

    /// A keyring that never answers, like that of a machine without a desktop.
    pub fn absent() -> Self {
        Self(Source::Absent)
    }

    /// A keyring over this store, whose faults a test chooses.
    #[cfg(test)]
    pub(super) fn over(store: Arc<CredentialStore>) -> Self {
        Self(Source::Memory(store))
    }

    /// Runs `work` on a thread of its own: the keyring blocks, perhaps until a person has unlocked it, and a thread
    /// that hangs must hold up neither the runtime nor the end of the program.
    ///
    /// # Errors
    ///
    /// Why the keyring could not be asked, or what it said.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        self.ask_of(SERVICE, work).await
    }

    /// The same for what is filed under another name than ours.
    pub(crate) async fn ask_of<T: Send + 'static>(
        &self,
        service: impl Into<String>,
        work: impl FnOnce(&Entries) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let service = service.into();
        let (answer, answered) = tokio::sync::oneshot::channel();
        let source = self.0.clone();
        std::thread::Builder::new()
            .name("gatepass-keyring".into())
            .spawn(move || {
                let outcome = source
                    .open()
                    .and_then(|store| work(&Entries { store, service }));
                // Nobody waits for it any more after a time-out.
                let _ = answer.send(outcome);
            })
            .map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("its library crashed".to_owned()),
            Err(_) => Err(format!(
                "it did not answer within {} s; perhaps a window waits for its password",
                PATIENCE.as_secs()
            )),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Keyring",
            Source::Memory(_) => "Keyring(in memory)",
            Source::Absent => "Keyring(absent)",
        })
    }
}

impl Source {
    fn open(&self) -> Result<Arc<CredentialStore>, String> {
        match self {
            Self::System => system(),
            Self::Memory(store) => Ok(store.clone()),
            Self::Absent => Err("there is none".to_owned()),
        }
    }
}

/// What an open keyring holds of one service, by name.
pub(crate) struct Entries {
    store: Arc<CredentialStore>,
    service: String,
}

impl Entries {
    /// The secret of this name; `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(said(&error)),
        }
    }

    /// Keeps a secret under this name, in place of what was there.
    pub(crate) fn write(&self, name: &str, secret: &[u8]) -> Result<(), String> {
        self.entry(name)?
            .set_secret(secret)
            .map_err(|error| said(&error))
    }

    /// Forgets the secret of this name; whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, String> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(said(&error)),
        }
    }

    fn entry(&self, name: &str) -> Result<Entry, String> {
        self.store
            .build(&self.service, name, None)
            .map_err(|error| said(&error))
    }
}

/// The keyring's words, without the data that some of its errors carry.
fn said(error: &Error) -> String {
    match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner.to_string(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "an entry is damaged".to_owned(),
        Error::Ambiguous(entries) => format!("it has {} entries of one name", entries.len()),
        Error::TooLong(what, max) => format!("{what} is longer than its limit of {max}"),
        other => other.to_string(),
    }
}

#[cfg(all(
    unix,
    not(any(target_os = "macos", target_os = "ios", target_os = "android"))
))]
fn system() -> Result<Arc<CredentialStore>, String> {
    match zbus_secret_service_keyring_store::Store::new() {
        Ok(store) => Ok(store),
        Err(error) => Err(format!("no Secret Service answers ({})", said(&error))),
    }
}

#[cfg(target_os = "macos")]
fn system() -> Result<Arc<CredentialStore>, String> {
    match apple_native_keyring_store::keychain::Store::new() {
        Ok(store) => Ok(store),
        Err(error) => Err(said(&error)),
    }
}

#[cfg(windows)]
fn system() -> Result<Arc<CredentialStore>, String> {
    match windows_native_keyring_store::Store::new() {
        Ok(store) => Ok(store),
        Err(error) => Err(said(&error)),
    }
}

#[cfg(not(any(windows, all(unix, not(any(target_os = "ios", target_os = "android"))))))]
fn system() -> Result<Arc<CredentialStore>, String> {
    Err("this system has none that is known".to_owned())
}
