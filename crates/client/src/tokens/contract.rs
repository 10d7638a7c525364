//! What every token store promises. A new store adds a line to `stores`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatepass_proto::{Secret, Timestamp};

use super::{FileTokens, MemoryTokens, StoreError, StoredToken, TokenKey, TokenStore};

fn stores(folder: &tempfile::TempDir) -> Vec<Arc<dyn TokenStore>> {
    vec![
        Arc::new(MemoryTokens::new()),
        Arc::new(FileTokens::new(folder.path().join("tokens"))),
    ]
}

pub(super) fn token(text: &str) -> StoredToken {
    let extra = serde_json::json!({ "from_the_future": [1, "two"] });
    StoredToken {
        access_token: Secret::new(text),
        token_type: "Bearer".into(),
        expires_at: Some(Timestamp::from_millis(1_700_000_000_123)),
        obtained_at: Timestamp::from_millis(1_600_000_000_456),
        refresh_token: Some(Secret::new("r")),
        scope: Some("read write".parse().expect("a scope")),
        issuer: Some("https://as.example".into()),
        binding: "b".into(),
        extra: extra.as_object().cloned().expect("an object"),
    }
}

fn key(text: &str) -> TokenKey {
    TokenKey::new(text).expect("a key")
}

#[tokio::test]
async fn what_is_saved_is_loaded_until_it_is_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(&folder) {
        assert_eq!(store.load(&key("a")).await, Ok(None));
        store
            .forget(&key("a"))
            .await
            .expect("nothing to forget is fine");
        store.save(&key("a"), &token("one")).await.expect("saved");
        store.save(&key("b"), &token("two")).await.expect("saved");
        store
            .save(&key("a"), &token("three"))
            .await
            .expect("replaced");
        assert_eq!(store.load(&key("a")).await, Ok(Some(token("three"))));
        store.forget(&key("a")).await.expect("forgotten");
        assert_eq!(store.load(&key("a")).await, Ok(None));
        assert_eq!(store.load(&key("b")).await, Ok(Some(token("two"))));
        let bare = StoredToken {
            expires_at: None,
            refresh_token: None,
            scope: None,
            issuer: None,
            extra: Default::default(),
            ..token("x")
        };
        store.save(&key("b"), &bare).await.expect("saved");
        assert_eq!(store.load(&key("b")).await, Ok(Some(bare)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_admits_one_and_only_for_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(&folder) {
        let inside = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, inside) = (store.clone(), inside.clone());
            tasks.spawn(async move {
                let lock = store
                    .lock(&key("a"), Duration::from_secs(10))
                    .await
                    .expect("a turn");
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                tokio::time::sleep(Duration::from_millis(3)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(lock);
            });
        }
        tasks.join_all().await;
        let _held = store
            .lock(&key("a"), Duration::from_secs(1))
            .await
            .expect("free again");
        store
            .lock(&key("b"), Duration::from_secs(1))
            .await
            .expect("another key is not touched");
        store.load(&key("a")).await.expect("reading takes no lock");
        let busy = store.lock(&key("a"), Duration::from_millis(30)).await;
        assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let text = format!("{:?}", token("hunter2"));
    assert!(
        !text.contains("hunter2") && !text.contains("two") && text.contains("Bearer"),
        "{text}"
    );
}

#[test]
fn keys_are_file_names_and_nothing_else() {
    for good in ["a", "work", "a.b-c_D9"] {
        assert!(TokenKey::new(good).is_some(), "{good}");
    }
    for bad in [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "a b",
        "é",
        "a\0",
        &"x".repeat(65),
    ] {
        assert!(TokenKey::new(bad).is_none(), "{bad:?}");
    }
}
