//! What every token store promises, as one suite. The macro [`contract!`](crate::contract!) runs it:
//!
//! ```text
//! gatepass_client::contract!(memory, in_memory());
//! ```
//!
//! Each case is a function that takes two handles on one fresh, empty place, as two programs would have them, and
//! panics when a promise is broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatepass_proto::{Secret, Timestamp};
use tokio::task::JoinSet;

use super::{FailedRenewal, StoreError, StoredToken, TokenKey, TokenLock, TokenStore};

/// Runs the whole suite as tests inside a module named `$store`. `$open` is a future, awaited anew for every test,
/// of a pair: an array of two [`TokenStore`](crate::tokens::TokenStore)s on one empty place, and whatever has to live as
/// long as they do. The calling crate needs tokio with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! contract {
    ($store:ident, $open:expr) => {
        mod $store {
            use super::*;
            $crate::contract!(@cases $open;
                what_is_saved_is_loaded_until_it_is_forgotten
                every_member_comes_back_unchanged
                what_one_saves_the_other_loads
                keys_stand_in_order
                a_long_token_fits
                a_token_without_end_is_refused
                readers_never_see_half_a_token
                the_lock_admits_one
                the_lock_is_its_keys_alone
                patience_ends
                a_waiter_that_leaves_takes_nothing_along
                what_is_done_under_the_lock_is_kept
                the_place_is_told_without_the_token
            );
        }
    };
    (@cases $open:expr; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (stores, _keep) = $open.await;
            $crate::tokens::contract::$case(stores).await;
        }
    )*};
}

/// Two handles on one place.
pub type Stores = [Arc<dyn TokenStore>; 2];

/// A token with every member set.
pub fn sample(access_token: &str) -> StoredToken {
    let members = serde_json::json!({ "from_the_future": [1, "two"] });
    let members = members.as_object().cloned().expect("an object");
    StoredToken {
        access_token: Secret::new(access_token),
        token_type: "Bearer".into(),
        expires_at: Some(Timestamp::from_millis(1_700_000_000_123)),
        obtained_at: Timestamp::from_millis(1_600_000_000_456),
        refresh_token: Some(Secret::new("r")),
        scope: Some("read write".parse().expect("a scope")),
        issuer: Some("https://as.example".into()),
        binding: "b".into(),
        asked_scope: Some("read write admin".parse().expect("a scope")),
        dpop_key: Some(Secret::new("d")),
        id_token: Some(Secret::new("i")),
        subject: Some("s".into()),
        account: Some("somebody@example.com".into()),
        authorization_details: Some(serde_json::json!([{ "type": "t" }])),
        members: members.clone(),
        failed: Some(FailedRenewal {
            at: Timestamp::from_millis(1_600_000_001_000),
            until: Timestamp::from_millis(1_600_000_002_000),
            times: 2,
            reason: "out of order".into(),
            temporary: true,
        }),
        extra: members,
    }
}

/// A key by name.
pub fn key(name: &str) -> TokenKey {
    TokenKey::new(name).expect("a key")
}

async fn save(store: &Arc<dyn TokenStore>, name: &str, token: &StoredToken) {
    store.save(&key(name), token).await.expect("saved");
}

async fn load(store: &Arc<dyn TokenStore>, name: &str) -> Option<StoredToken> {
    store.load(&key(name)).await.expect("the store answers")
}

async fn lock(store: &Arc<dyn TokenStore>, name: &str) -> TokenLock {
    let patience = Duration::from_secs(20);
    store.lock(&key(name), patience).await.expect("a turn")
}

/// Saving replaces, forgetting removes, and neither touches another key.
pub async fn what_is_saved_is_loaded_until_it_is_forgotten([store, _]: Stores) {
    assert_eq!(load(&store, "a").await, None);
    let nothing = store.forget(&key("a")).await;
    nothing.expect("nothing to forget is fine");
    save(&store, "a", &sample("one")).await;
    save(&store, "b", &sample("two")).await;
    save(&store, "a", &sample("three")).await;
    assert_eq!(load(&store, "a").await, Some(sample("three")));
    store.forget(&key("a")).await.expect("forgotten");
    assert_eq!(load(&store, "a").await, None);
    assert_eq!(load(&store, "b").await, Some(sample("two")));
    save(&store, "a", &sample("four")).await;
    assert_eq!(load(&store, "a").await, Some(sample("four")));
}

/// Also those that are missing, and those that this version does not know.
pub async fn every_member_comes_back_unchanged([store, _]: Stores) {
    let access_token = Secret::new("\u{1f511} \"quoted\"\n");
    let bare = StoredToken::new(access_token, Timestamp::from_secs(1), "b".into());
    for token in [sample("full"), bare] {
        save(&store, "a", &token).await;
        assert_eq!(load(&store, "a").await, Some(token));
    }
}

/// Whoever has the place has the tokens.
pub async fn what_one_saves_the_other_loads([one, other]: Stores) {
    save(&one, "a", &sample("one")).await;
    assert_eq!(load(&other, "a").await, Some(sample("one")));
    save(&other, "a", &sample("two")).await;
    assert_eq!(load(&one, "a").await, Some(sample("two")));
    one.forget(&key("a")).await.expect("forgotten");
    assert_eq!(load(&other, "a").await, None);
}

/// Those with a token, and no others.
pub async fn keys_stand_in_order([store, other]: Stores) {
    assert_eq!(store.keys().await, Ok(vec![]));
    for name in ["b", "C", "a.b-c_9", "gone", "b.json", "b.lock"] {
        save(&store, name, &sample(name)).await;
    }
    store.forget(&key("gone")).await.expect("forgotten");
    drop(lock(&store, "locked-only").await);
    let keys = ["C", "a.b-c_9", "b", "b.json", "b.lock"].map(key);
    assert_eq!(other.keys().await, Ok(keys.to_vec()));
}

/// Some servers put a whole directory into a token.
pub async fn a_long_token_fits([store, other]: Stores) {
    for len in [2_000, 2_560, 5_000, 30_000, 10] {
        let token = sample(&"x".repeat(len));
        save(&store, "a", &token).await;
        assert_eq!(load(&other, "a").await, Some(token), "{len} bytes");
    }
}

/// What would not be read again is not written, and what was there stays. Memory takes all that there is of it.
pub async fn a_token_without_end_is_refused([store, _]: Stores) {
    if store.place(&key("a")).contains("memory") {
        return;
    }
    save(&store, "a", &sample("short")).await;
    let endless = sample(&"x".repeat(2_000_000));
    let error = store.save(&key("a"), &endless).await;
    assert!(
        matches!(error, Err(StoreError::TooLong { .. })),
        "{error:?}"
    );
    assert_eq!(load(&store, "a").await, Some(sample("short")));
}

/// A reader takes no lock, and finds the old token or the new one.
pub async fn readers_never_see_half_a_token([writer, reader]: Stores) {
    save(&writer, "a", &sample("0")).await;
    let writing = tokio::spawn(async move {
        for n in 0..30 {
            save(&writer, "a", &sample(&format!("{n}{}", "x".repeat(6000)))).await;
        }
    });
    while !writing.is_finished() {
        assert!(load(&reader, "a").await.is_some());
        tokio::task::yield_now().await;
    }
    writing.await.expect("no panic");
}

/// Whether in one program or in two.
pub async fn the_lock_admits_one(stores: Stores) {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for store in stores.iter().cycle().take(8) {
        let (store, inside) = (store.clone(), inside.clone());
        tasks.spawn(async move {
            let lock = lock(&store, "a").await;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            tokio::time::sleep(Duration::from_millis(3)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(lock);
        });
    }
    tasks.join_all().await;
}

/// It keeps nobody from another key, nor from reading.
pub async fn the_lock_is_its_keys_alone([one, other]: Stores) {
    let _held = lock(&one, "a").await;
    drop(lock(&one, "b").await);
    drop(lock(&other, "b").await);
    save(&other, "b", &sample("b")).await;
    assert_eq!(load(&other, "a").await, None);
    assert_eq!(load(&one, "a").await, None);
}

/// At once, where there is none.
pub async fn patience_ends([one, other]: Stores) {
    let held = lock(&one, "a").await;
    for store in [&one, &other] {
        for patience in [Duration::ZERO, Duration::from_millis(30)] {
            let busy = store.lock(&key("a"), patience).await;
            assert!(matches!(busy, Err(StoreError::Busy { .. })), "{busy:?}");
        }
    }
    drop(held);
    drop(lock(&other, "a").await);
    drop(lock(&one, "a").await);
}

/// A cancelled wait neither keeps the lock nor breaks it.
pub async fn a_waiter_that_leaves_takes_nothing_along([one, other]: Stores) {
    let held = lock(&one, "a").await;
    for store in [&one, &other] {
        let key = key("a");
        let waiting = store.lock(&key, Duration::from_millis(200));
        let left = tokio::time::timeout(Duration::from_millis(20), waiting).await;
        assert!(left.is_err(), "{left:?}");
    }
    drop(held);
    drop(lock(&one, "a").await);
    drop(lock(&other, "a").await);
}

/// Lock, load, save, unlock; then the other one, which finds what the first saved.
pub async fn what_is_done_under_the_lock_is_kept(stores: Stores) {
    let mut tasks = JoinSet::new();
    for store in stores.iter().cycle().take(6) {
        let store = store.clone();
        tasks.spawn(async move {
            let _lock = lock(&store, "count").await;
            let count = match load(&store, "count").await {
                Some(token) => token.access_token.expose().parse().expect("a number"),
                None => 0,
            };
            save(&store, "count", &sample(&(count + 1).to_string())).await;
        });
    }
    tasks.join_all().await;
    let [one, other] = stores;
    assert_eq!(load(&one, "count").await, Some(sample("6")));
    let _lock = lock(&other, "count").await;
    let forgotten = other.forget(&key("count")).await;
    forgotten.expect("forgotten");
    save(&other, "count", &sample("0")).await;
}

/// For people, who show it to others.
pub async fn the_place_is_told_without_the_token([store, _]: Stores) {
    save(&store, "a", &sample("hunter2")).await;
    let place = store.place(&key("a"));
    assert!(!place.is_empty() && !place.contains("hunter2"), "{place}");
}
