//! Every token store passes the same suite. A new store adds a line. That of PostgreSQL stands in the testkit, which
//! has a server for it.

use std::sync::Arc;

use gatepass_client::contract;
use gatepass_client::tokens::contract::Stores;
use gatepass_client::tokens::{FileTokens, Keyring, KeyringTokens, MemoryTokens};
use tempfile::TempDir;

contract!(memory, in_memory());
contract!(file, in_files(None));
contract!(
    file_with_its_key_in_a_keyring,
    in_files(Some(Keyring::in_memory()))
);
contract!(file_without_a_keyring, in_files(Some(Keyring::absent())));
contract!(keyring, in_keyring());

async fn in_memory() -> (Stores, ()) {
    let store = MemoryTokens::new();
    ([Arc::new(store.clone()), Arc::new(store)], ())
}

async fn in_files(keyring: Option<Keyring>) -> (Stores, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let store = || {
        let store = FileTokens::new(folder.path().join("state/tokens"));
        Arc::new(match &keyring {
            Some(keyring) => store.key_in(keyring.clone()),
            None => store,
        })
    };
    ([store(), store()], folder)
}

async fn in_keyring() -> (Stores, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let keyring = Keyring::in_memory();
    let store = || {
        let locks = folder.path().join("state/keyring");
        Arc::new(KeyringTokens::new(keyring.clone(), locks))
    };
    ([store(), store()], folder)
}
