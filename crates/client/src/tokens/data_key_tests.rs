use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use keyring_core::mock::{Cred, Store};
use keyring_core::{CredentialStore, Error};

use crate::tokens::contract::{key, sample};
use crate::tokens::{FileTokens, Keyring, StoreError, TokenStore as _};

struct Here {
    _folder: tempfile::TempDir,
    path: PathBuf,
    keyring: Arc<Store>,
}

fn here() -> Here {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    Here {
        _folder: folder,
        path,
        keyring: Store::new().expect("a keyring"),
    }
}

impl Here {
    /// What a program that starts now has.
    fn anew(&self) -> FileTokens {
        FileTokens::new(&self.path).key_in(Keyring::over(self.keyring.clone()))
    }

    async fn save(&self, name: &str) -> Result<(), StoreError> {
        self.anew().save(&key(name), &sample(name)).await
    }

    async fn opens(&self, name: &str) -> bool {
        self.anew().load(&key(name)).await == Ok(Some(sample(name)))
    }

    fn record(&self) -> String {
        fs::read_to_string(self.path.with_file_name("data.key")).expect("a record")
    }

    /// The entries that were ever asked for.
    fn entries(&self) -> Vec<Arc<Cred>> {
        let entries = self.keyring.inner.lock().expect("not poisoned");
        entries.borrow().clone()
    }
}

#[tokio::test]
async fn a_key_in_the_keyring_is_not_on_disk() {
    let here = here();
    here.save("a").await.expect("saved");
    assert!(here.opens("a").await);
    let entries = here.entries();
    let [entry] = entries.as_slice() else {
        panic!("one entry, not {entries:?}");
    };
    let (service, name) = &entry.specifiers;
    assert_eq!(service, "gatepass");
    let id = name.strip_prefix("data key ").expect("its name");
    assert!(here.record().contains(id) && !here.record().contains("\"key\""));
    let place = here.anew().place(&key("a"));
    assert!(
        place.ends_with("(sealed; the key is in the OS keyring)"),
        "{place}"
    );
}

#[tokio::test]
async fn the_keyring_is_asked_once() {
    let here = here();
    here.save("a").await.expect("saved");
    let store = here.anew();
    store.load(&key("a")).await.expect("asked");
    here.entries()[0].set_error(Error::NoEntry);
    store.load(&key("a")).await.expect("not asked again");
    store
        .clone()
        .save(&key("b"), &sample("b"))
        .await
        .expect("not asked");
    assert!(!here.opens("a").await, "asked by a program that starts now");
}

#[tokio::test]
async fn a_keyring_that_is_away_is_waited_for_and_not_replaced() {
    let here = here();
    here.save("a").await.expect("saved");
    let record = here.record();
    let away = FileTokens::new(&here.path).key_in(Keyring::absent());
    let outcomes = [
        away.load(&key("a")).await.map(drop),
        away.save(&key("a"), &sample("x")).await,
        away.save(&key("new"), &sample("x")).await,
        away.forget(&key("a")).await,
    ];
    for outcome in outcomes {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, StoreError::Keyring { .. }), "{error}");
        assert!(error.to_string().contains("data.key"), "{error}");
    }
    assert_eq!(here.record(), record);
    assert!(here.opens("a").await, "it is back, and all is as it was");
    assert_eq!(here.anew().keys().await, Ok(vec![key("a")]));
}

#[tokio::test]
async fn a_locked_keyring_says_why() {
    let here = here();
    here.save("a").await.expect("saved");
    let locked = std::io::Error::other("the collection is locked");
    here.entries()[0].set_error(Error::NoStorageAccess(Box::new(locked)));
    let error = here.anew().load(&key("a")).await.expect_err("locked");
    assert!(error.to_string().contains("is locked"), "{error}");
}

#[tokio::test]
async fn a_key_that_the_keyring_lost_is_not_made_anew() {
    let here = here();
    here.save("a").await.expect("saved");
    let record = here.record();
    let entry = here.keyring.clone() as Arc<CredentialStore>;
    let name = here.entries()[0].specifiers.1.clone();
    let entry = entry.build("gatepass", &name, None).expect("an entry");
    for lost in [None, Some(&b"short"[..])] {
        match lost {
            None => entry.delete_credential().expect("deleted"),
            Some(bytes) => entry.set_secret(bytes).expect("overwritten"),
        }
        for outcome in [here.save("a").await, here.save("b").await] {
            let error = outcome.expect_err("refused");
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
    }
    assert_eq!(here.record(), record);
}

#[tokio::test]
async fn a_key_in_a_file_asks_no_keyring() {
    let here = here();
    let absent = FileTokens::new(&here.path).key_in(Keyring::absent());
    absent.save(&key("a"), &sample("a")).await.expect("saved");
    assert!(here.record().contains("\"key\""));
    assert!(here.opens("a").await);
    here.save("b").await.expect("saved");
    assert!(here.opens("b").await);
    assert_eq!(here.entries().len(), 0, "the keyring came later");
}

/// A keyring of which a window asks whether it may be opened, and the person says no.
#[tokio::test]
async fn a_keyring_that_fails_at_first_use_is_done_without() {
    let here = here();
    let store: Arc<CredentialStore> = Arc::new(Refusing);
    let refusing = FileTokens::new(&here.path).key_in(Keyring::over(store));
    refusing.save(&key("a"), &sample("a")).await.expect("saved");
    assert!(here.record().contains("\"key\""));
    assert!(here.opens("a").await);
}

#[derive(Debug)]
struct Refusing;

impl keyring_core::api::CredentialStoreApi for Refusing {
    fn vendor(&self) -> String {
        "a test".into()
    }

    fn id(&self) -> String {
        "refusing".into()
    }

    fn build(
        &self,
        _: &str,
        _: &str,
        _: Option<&std::collections::HashMap<&str, &str>>,
    ) -> keyring_core::Result<keyring_core::Entry> {
        Err(Error::NoStorageAccess(Box::new(std::io::Error::other(
            "dismissed",
        ))))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}
