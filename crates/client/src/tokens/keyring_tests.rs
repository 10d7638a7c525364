use std::sync::Arc;
use std::time::Duration;

use keyring_core::mock::Store;
use keyring_core::{CredentialStore, Entry};

use super::KeyringTokens;
use crate::contract;
use crate::tokens::contract::{Stores, key, sample};
use crate::tokens::{Keyring, StoreError, TokenStore as _};

contract!(in_short_entries, in_short_entries());

/// As on Windows, and shorter still.
async fn in_short_entries() -> (Stores, tempfile::TempDir) {
    let here = here();
    let store = || Arc::new(here.store().with_entries_of(100));
    ([store(), store()], here.folder)
}

struct Here {
    folder: tempfile::TempDir,
    keyring: Arc<Store>,
}

fn here() -> Here {
    Here {
        folder: tempfile::tempdir().expect("a folder"),
        keyring: Store::new().expect("a keyring"),
    }
}

impl Here {
    fn store(&self) -> KeyringTokens {
        let keyring = Keyring::over(self.keyring.clone());
        KeyringTokens::new(keyring, self.folder.path().join("locks"))
    }

    /// The entries that have a secret, by name.
    fn entries(&self) -> Vec<String> {
        let entries = self.keyring.inner.lock().expect("not poisoned");
        let full = entries.borrow().clone().into_iter();
        full.filter(|entry| {
            let data = entry.inner.lock().expect("not poisoned");
            data.borrow().secret.is_some()
        })
        .map(|entry| entry.specifiers.1.clone())
        .collect()
    }

    fn entry(&self, name: &str) -> Entry {
        let store = self.keyring.clone() as Arc<CredentialStore>;
        store.build("gatepass", name, None).expect("an entry")
    }
}

#[tokio::test]
async fn parts_go_with_their_token() {
    let here = here();
    let store = here.store().with_entries_of(1000);
    let long = sample(&"x".repeat(5000));
    for _ in 0..3 {
        store.save(&key("a"), &long).await.expect("saved");
        assert_eq!(here.entries().len(), 7, "six parts and their head");
    }
    assert_eq!(store.load(&key("a")).await, Ok(Some(long.clone())));
    store
        .save(&key("a"), &sample("short"))
        .await
        .expect("saved");
    assert_eq!(here.entries(), ["token a"]);
    store.save(&key("a"), &long).await.expect("saved");
    store.forget(&key("a")).await.expect("forgotten");
    assert_eq!(here.entries(), [""; 0]);
}

#[tokio::test]
async fn what_is_damaged_is_neither_used_nor_overwritten() {
    let here = here();
    let store = here.store().with_entries_of(1000);
    store.save(&key("a"), &sample("x")).await.expect("saved");
    for content in [
        &b""[..],
        b"hunter2",
        b"{}",
        b"{\"parts\":3,\"of\":\"0123456789abcdef\"}",
        b"{\"parts\":18446744073709551615,\"of\":\"a\"}",
        b"{\"version\":2,\"access_token\":\"hunter2\"}",
    ] {
        here.entry("token a").set_secret(content).expect("set");
        for outcome in [
            store.load(&key("a")).await.map(drop),
            store.save(&key("a"), &sample("y")).await,
            store.forget(&key("a")).await,
        ] {
            let error = outcome.expect_err("refused");
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let left = here.entry("token a").get_secret().expect("there");
        assert_eq!(left, content);
    }
}

#[tokio::test]
async fn a_lost_part_is_noticed() {
    let here = here();
    let store = here.store().with_entries_of(100);
    store.save(&key("a"), &sample("x")).await.expect("saved");
    let parts = here.entries();
    let part = parts.iter().find(|name| name.ends_with(" 1"));
    let part = here.entry(part.expect("a second part"));
    part.delete_credential().expect("deleted");
    let error = store.load(&key("a")).await.expect_err("damaged");
    assert!(
        error.to_string().contains("a part of it is missing"),
        "{error}"
    );
    part.set_secret(&[b'x'; 100_000]).expect("set");
    let error = store.load(&key("a")).await.expect_err("damaged");
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn without_a_keyring_the_message_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = KeyringTokens::new(Keyring::absent(), folder.path().join("locks"));
    for outcome in [
        store.load(&key("a")).await.map(drop),
        store.save(&key("a"), &sample("x")).await,
        store.forget(&key("a")).await,
        store.keys().await.map(drop),
    ] {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, StoreError::Keyring { .. }), "{error}");
        assert!(!error.is_temporary());
    }
    let error = store
        .load(&key("a"))
        .await
        .expect_err("refused")
        .to_string();
    assert_eq!(
        error,
        "the token of \"a\" is to be in the OS keyring, but the OS keyring cannot be used: there is none. \
         Start or unlock it, or keep this profile's tokens in files"
    );
    let lock = store.lock(&key("a"), Duration::ZERO).await;
    lock.expect("the lock is a file");
}
