use gatepass_store::{StoreError, open};

use super::{is_marked, mark, place};

#[tokio::test]
async fn a_plain_path_and_a_sqlite_address_name_the_same_file() {
    let (_folder, path) = place();
    let path = path.to_str().expect("a readable path");
    let addresses = [
        path.to_owned(),
        format!("sqlite:{path}"),
        format!("sqlite://{path}"),
    ];
    for (n, address) in (0..).zip(addresses) {
        let store = open(&address).await.expect(&address);
        store.commit(mark(n)).await.expect("committed");
    }
    let store = super::open(path.as_ref()).await;
    for n in 0..3 {
        assert!(is_marked(&store, n).await, "{n}");
    }
}

#[tokio::test]
async fn memory_is_empty_each_time() {
    for _ in 0..2 {
        let store = open("memory:").await.expect("memory");
        store.commit(mark(1)).await.expect("not there yet");
    }
}

#[tokio::test]
async fn other_addresses_are_refused_without_repeating_them() {
    for address in [
        "postgres://ada:hunter2@db/gatepass",
        "memory:x",
        "sqlite:",
        "",
    ] {
        let error = open(address).await.err();
        let Some(StoreError::Unavailable(hint)) = error else {
            panic!("{address}: {error:?}");
        };
        assert!(!hint.contains("hunter2"), "{hint}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let (folder, _) = place();
    let path = folder.path().join("nowhere").join("gatepass.db");
    let error = open(&path.to_string_lossy()).await.err();
    let Some(StoreError::Unavailable(hint)) = error else {
        panic!("{error:?}");
    };
    assert!(hint.contains("nowhere"), "{hint}");
}
