use std::sync::Arc;
use std::time::Duration;

use gatepass_store::contract::samples::NOW;
use gatepass_store::{Charge, Limit, SqliteStore, Store as _};
use tokio::task::JoinSet;

use super::{is_marked, mark, open, place};

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, path) = place();
    let store = open(&path).await;
    store.commit(mark(1)).await.expect("committed");
    assert!(is_marked(&store, 1).await);
    let files = std::fs::read_dir(folder.path()).expect("the folder");
    let modes: Vec<_> = files
        .map(|file| file.expect("a file"))
        .map(|file| (file.file_name(), file.metadata().expect("its mode")))
        .map(|(name, data)| (name, data.permissions().mode() & 0o777))
        .collect();
    assert_eq!(modes.len(), 3, "{modes:?}");
    for (name, mode) in modes {
        assert_eq!(mode, 0o600, "{}", name.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_open_a_new_database_at_once() {
    for _ in 0..5 {
        let (_folder, path) = place();
        let mut opening = JoinSet::new();
        for n in 0..4 {
            let path = path.clone();
            opening.spawn(async move {
                let store = open(&path).await;
                store.commit(mark(n)).await.expect("committed");
            });
        }
        opening.join_all().await;
        let store = open(&path).await;
        for n in 0..4 {
            assert!(is_marked(&store, n).await, "{n}");
        }
    }
}

/// As two processes would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_count_together() {
    let (_folder, path) = place();
    let stores = [open(&path).await, open(&path).await].map(Arc::new);
    let mut guesses = JoinSet::new();
    for n in 0..60 {
        let store = Arc::clone(stores.get(n % 2).expect("one of two"));
        guesses.spawn(async move { guess(&store).await });
    }
    let admitted = guesses
        .join_all()
        .await
        .into_iter()
        .filter(|ok| *ok)
        .count();
    assert_eq!(admitted, 10);
}

async fn guess(store: &SqliteStore) -> bool {
    let charge = Charge {
        account: "user:a".into(),
        limit: Limit {
            failures: 10,
            block: Duration::from_secs(60),
            longest: Duration::from_secs(3600),
            leak: None,
            forget: Duration::from_secs(3600),
        },
    };
    let verdict = store.charge(&[charge], NOW).await;
    verdict.expect("the store answers").is_ok()
}
