use std::fmt;
use std::str::FromStr;

use gatepass_proto::Secret;
use zeroize::Zeroizing;

use crate::SecretError;
use crate::tokens::{KEYRING_SERVICE, Keyring};

/// What the accounts of secrets that gatepass keeps begin with.
const OURS: &str = "secret ";

/// An entry of the OS keyring, as it is written: `service/account`. The service has no slash in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringEntry {
    /// What it is filed under.
    service: String,
    /// Whose it is there.
    account: String,
}

impl KeyringEntry {
    /// The entry of a secret that gatepass itself keeps. Tokens and their key stand under other names.
    pub(crate) fn of_ours(name: &str) -> Self {
        Self {
            service: KEYRING_SERVICE.to_owned(),
            account: format!("{OURS}{name}"),
        }
    }

    /// Whether it is one of those.
    pub(crate) fn is_ours(&self) -> bool {
        self.service == KEYRING_SERVICE && self.account.starts_with(OURS)
    }

    /// What the entry has.
    pub(crate) async fn read(&self, keyring: &Keyring) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let account = self.account.clone();
        let found = keyring
            .ask_of(&*self.service, move |entries| entries.read(&account))
            .await
            .map_err(|reason| self.unusable(reason))?;
        found.ok_or_else(|| self.fault("is not there; add it, or name another"))
    }

    /// Keeps a secret there, and makes sure that it can be read again.
    pub(crate) async fn write(
        &self,
        keyring: &Keyring,
        secret: &Secret,
    ) -> Result<(), SecretError> {
        let (account, own) = (self.account.clone(), secret.clone());
        let writing = keyring.ask_of(&*self.service, move |entries| {
            entries.write(&account, own.expose().as_bytes())
        });
        writing.await.map_err(|reason| self.unusable(reason))?;
        match **self.read(keyring).await? == *secret.expose().as_bytes() {
            true => Ok(()),
            false => Err(self.fault("was not kept as it was given")),
        }
    }

    /// Takes it out; whether it was there.
    pub(crate) async fn remove(&self, keyring: &Keyring) -> Result<bool, SecretError> {
        let account = self.account.clone();
        let removing = keyring.ask_of(&*self.service, move |entries| entries.remove(&account));
        removing.await.map_err(|reason| self.unusable(reason))
    }

    fn unusable(&self, reason: String) -> SecretError {
        SecretError::Keyring {
            entry: self.to_string(),
            reason,
        }
    }

    fn fault(&self, reason: &'static str) -> SecretError {
        SecretError::Entry {
            entry: self.to_string(),
            reason,
        }
    }
}

impl fmt::Display for KeyringEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.account)
    }
}

impl FromStr for KeyringEntry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((service, account)) if !service.is_empty() && !account.is_empty() => Ok(Self {
                service: service.to_owned(),
                account: account.to_owned(),
            }),
            // The text is not repeated: somebody may have written the secret there.
            _ => Err("an entry of the keyring is written \"service/account\"".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Secret;

    use super::KeyringEntry;
    use crate::tokens::Keyring;

    #[tokio::test]
    async fn the_keyring_gives_back_what_it_was_given() {
        let keyring = Keyring::in_memory();
        let entry = KeyringEntry::of_ours("work");
        assert_eq!(entry.to_string(), "gatepass/secret work");
        let missing = entry.read(&keyring).await.expect_err("nothing yet");
        assert!(missing.to_string().contains("is not there"), "{missing}");
        for text in ["hunter1", "hunter2"] {
            entry
                .write(&keyring, &Secret::new(text))
                .await
                .expect("kept");
            assert_eq!(
                **entry.read(&keyring).await.expect("read"),
                *text.as_bytes()
            );
        }
        for there in [true, false] {
            assert_eq!(entry.remove(&keyring).await, Ok(there));
            assert!(entry.read(&keyring).await.is_err());
        }
        let other: KeyringEntry = "elsewhere/secret work".parse().expect("an entry");
        assert!(other.read(&keyring).await.is_err(), "another service");
    }

    #[tokio::test]
    async fn without_a_keyring_it_is_said_what_else_can_be_done() {
        let entry: KeyringEntry = "login/a/b".parse().expect("an entry");
        let read = entry.read(&Keyring::absent()).await;
        let written = entry
            .write(&Keyring::absent(), &Secret::new("hunter2"))
            .await;
        for error in [
            read.map(drop).expect_err("absent"),
            written.expect_err("absent"),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("\"login/a/b\"") && text.contains("there is none"),
                "{text}"
            );
            assert!(text.contains("an environment variable"), "{text}");
            assert!(!format!("{text}{error:?}").contains("hunter2"));
        }
    }
}
