//! Tokens in a real PostgreSQL, and what goes wrong with one.

use std::sync::Arc;
use std::time::Duration;

use gatepass_client::tokens::contract::{Stores, key, sample};
use gatepass_client::tokens::{PostgresTokens, StoreError, TokenStore as _};
use gatepass_client::{SecretRef, contract};
use gatepass_testkit::{Postgres, PostgresDatabase};

contract!(in_clear, in_postgres(None));
contract!(sealed, in_postgres(Some(SEAL_KEY)));

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

async fn in_postgres(seal_key: Option<&str>) -> (Stores, ()) {
    let database = Postgres::shared().database();
    let store = || Arc::new(store(&database, seal_key));
    ([store(), store()], ())
}

/// What a program that starts now has.
fn store(database: &PostgresDatabase, seal_key: Option<&str>) -> PostgresTokens {
    let store = PostgresTokens::new(SecretRef::given(&database.url));
    match seal_key {
        Some(key) => store.sealed_with(SecretRef::given(key)),
        None => store,
    }
}

fn sql(database: &PostgresDatabase, statements: &str) -> String {
    Postgres::shared().sql(&database.name, statements)
}

/// Ends the connections that hold locks on this database, as a network does that breaks.
fn break_locks(database: &PostgresDatabase) {
    let killed = sql(
        database,
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks JOIN pg_database ON oid = database \
         WHERE locktype = 'advisory' AND datname = current_database()",
    );
    assert_eq!(killed, "1", "one lock was held");
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_start_at_once_make_the_tables_once() {
    let database = Postgres::shared().database();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = store(&database, None);
        tasks.spawn(async move { store.save(&key(&n.to_string()), &sample("x")).await });
    }
    for outcome in tasks.join_all().await {
        outcome.expect("saved");
    }
    let steps = sql(&database, "SELECT count(*) FROM gatepass_client_migrations");
    assert_eq!(steps, "1");
    let keys = store(&database, None).keys().await;
    assert_eq!(keys.expect("listed").len(), 8);
}

#[tokio::test]
async fn whoever_lost_the_lock_overwrites_nothing_newer() {
    let database = Postgres::shared().database();
    let (slow, quick) = (store(&database, None), store(&database, None));
    slow.save(&key("a"), &sample("old")).await.expect("saved");
    let held = slow.lock(&key("a"), PATIENCE).await.expect("locked");
    slow.load(&key("a")).await.expect("loaded");
    break_locks(&database);

    let quick_lock = quick.lock(&key("a"), PATIENCE).await;
    quick
        .save(&key("a"), &sample("newer"))
        .await
        .expect("saved");
    drop(quick_lock.expect("free: its connection is dead"));
    assert_eq!(slow.load(&key("a")).await, Ok(Some(sample("newer"))));
    for outcome in [
        slow.save(&key("a"), &sample("late")).await,
        slow.forget(&key("a")).await,
    ] {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
        assert!(error.is_temporary());
    }
    assert_eq!(quick.load(&key("a")).await, Ok(Some(sample("newer"))));

    drop(held);
    let _held = slow.lock(&key("a"), PATIENCE).await.expect("locked anew");
    slow.save(&key("a"), &sample("next")).await.expect("saved");
    assert_eq!(quick.load(&key("a")).await, Ok(Some(sample("next"))));
}

#[tokio::test]
async fn whoever_lost_the_lock_does_not_overwrite_a_first_token_either() {
    let database = Postgres::shared().database();
    let (slow, quick) = (store(&database, None), store(&database, None));
    let _held = slow.lock(&key("a"), PATIENCE).await.expect("locked");
    break_locks(&database);
    quick
        .save(&key("a"), &sample("first"))
        .await
        .expect("saved");
    let error = slow.save(&key("a"), &sample("late")).await;
    assert!(
        matches!(error, Err(StoreError::Superseded { .. })),
        "{error:?}"
    );
    assert_eq!(quick.load(&key("a")).await, Ok(Some(sample("first"))));
}

/// The predecessor of its token is spent, so it should not be lost.
#[tokio::test]
async fn whoever_lost_the_lock_and_met_nobody_keeps_the_token() {
    let database = Postgres::shared().database();
    let store = store(&database, None);
    for (name, old) in [("a", Some("old")), ("b", None)] {
        if let Some(old) = old {
            store.save(&key(name), &sample(old)).await.expect("saved");
        }
        let held = store.lock(&key(name), PATIENCE).await.expect("locked");
        break_locks(&database);
        store.save(&key(name), &sample("new")).await.expect("saved");
        store
            .save(&key(name), &sample("newer"))
            .await
            .expect("saved");
        assert_eq!(store.load(&key(name)).await, Ok(Some(sample("newer"))));
        drop(held);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiter_gets_the_lock_when_its_holder_dies() {
    let database = Postgres::shared().database();
    let (dying, waiting) = (store(&database, None), store(&database, None));
    let _held = dying.lock(&key("a"), PATIENCE).await.expect("locked");
    let waiter = tokio::spawn(async move { waiting.lock(&key("a"), PATIENCE).await });
    let waits = "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database \
                 WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
    while sql(&database, waits) != "1" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sql(
        &database,
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON oid = database \
         WHERE locktype = 'advisory' AND granted AND datname = current_database()",
    );
    waiter.await.expect("no panic").expect("its turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_is_waited_for_and_nothing_is_lost() {
    let server = Postgres::start();
    let database = server.database();
    let store = Arc::new(store(&database, None).waiting(Duration::ZERO));
    store.save(&key("a"), &sample("old")).await.expect("saved");
    let held = store.lock(&key("a"), PATIENCE).await.expect("locked");
    server.stop();

    for outcome in [
        store.load(&key("a")).await.map(drop),
        store.save(&key("a"), &sample("x")).await,
        store.forget(&key("a")).await,
        store.keys().await.map(drop),
        store.lock(&key("b"), PATIENCE).await.map(drop),
        self::store(&database, None).load(&key("a")).await.map(drop),
    ] {
        let error = outcome.expect_err("away");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(error.is_temporary());
    }
    drop(held);

    // A refresh that ends just now.
    let patient = self::store(&database, None).waiting(PATIENCE);
    server.start_again();
    patient.load(&key("a")).await.expect("it is back");
    let _held = patient.lock(&key("a"), PATIENCE).await.expect("locked");
    server.stop();
    let saving = tokio::spawn(async move { patient.save(&key("a"), &sample("new")).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.start_again();
    saving.await.expect("no panic").expect("saved after all");
    assert_eq!(store.load(&key("a")).await, Ok(Some(sample("new"))));
    store.lock(&key("a"), PATIENCE).await.expect("free again");
}

/// In some databases a commit is acknowledged before it is on disk. The predecessor of a new token is spent by then.
#[tokio::test]
async fn a_saved_token_outlives_a_crash_whatever_the_database_is_set_to() {
    let server = Postgres::start();
    let database = server.database();
    for statement in [
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "SELECT pg_reload_conf()",
    ] {
        server.sql(&database.name, statement);
    }
    let store = store(&database, None);
    for n in 0..10 {
        let token = sample(&n.to_string());
        store.save(&key("a"), &token).await.expect("saved");
        server.crash();
        server.start_again();
        let found = store.load(&key("a")).await.expect("loaded");
        assert_eq!(found, Some(token), "{n}");
    }
}

#[tokio::test]
async fn newer_tables_are_refused_and_left_alone() {
    let database = Postgres::shared().database();
    let first = store(&database, None);
    first.save(&key("a"), &sample("x")).await.expect("saved");
    sql(
        &database,
        "INSERT INTO gatepass_client_migrations (version, description, success, checksum, execution_time) \
         VALUES (2, 'from the future', true, '', 0)",
    );
    let later = store(&database, None);
    for outcome in [
        later.load(&key("a")).await.map(drop),
        later.save(&key("a"), &sample("y")).await,
        later.forget(&key("a")).await,
        later.lock(&key("a"), PATIENCE).await.map(drop),
    ] {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("a newer gatepass"), "{error}");
    }
    assert_eq!(first.load(&key("a")).await, Ok(Some(sample("x"))));
}

#[tokio::test]
async fn damaged_rows_are_neither_used_nor_overwritten() {
    let database = Postgres::shared().database();
    for seal_key in [None, Some(SEAL_KEY)] {
        let store = store(&database, seal_key);
        let _ = store.forget(&key("a")).await;
        store.save(&key("a"), &sample("x")).await.expect("saved");
        for content in [
            "''",
            "'hunter2'",
            "'{}'",
            "substring(token for 40)",
            "'{\"version\":2,\"access_token\":\"hunter2\"}'",
            "'{\"sealed\":2,\"token\":\"hunter2\"}'",
        ] {
            let set = format!("UPDATE gatepass_client_tokens SET token = {content}");
            sql(&database, &set);
            refused(&store, &database).await;
        }
        sql(&database, "DELETE FROM gatepass_client_tokens");
    }
}

#[tokio::test]
async fn a_sealed_row_shows_nothing_and_opens_where_it_belongs_only() {
    let database = Postgres::shared().database();
    let sealed = store(&database, Some(SEAL_KEY));
    let token = sample("hunter2");
    sealed.save(&key("a"), &token).await.expect("saved");
    let row = sql(
        &database,
        "SELECT convert_from(token, 'UTF8') FROM gatepass_client_tokens",
    );
    assert!(!row.contains("hunter2") && !row.contains("Bearer"), "{row}");
    assert_eq!(sealed.load(&key("a")).await, Ok(Some(token)));

    refused(&store(&database, Some(OTHER_KEY)), &database).await;
    refused(&store(&database, None), &database).await;
    sql(&database, "UPDATE gatepass_client_tokens SET key = 'b'");
    sealed.save(&key("c"), &sample("x")).await.expect("saved");
    sql(
        &database,
        "UPDATE gatepass_client_tokens SET key = 'a' WHERE key = 'b'",
    );
    sealed.load(&key("a")).await.expect("its own name again");
    sql(
        &database,
        "UPDATE gatepass_client_tokens SET token = (SELECT token FROM gatepass_client_tokens WHERE key = 'c') \
         WHERE key = 'a'",
    );
    refused(&sealed, &database).await;
}

#[tokio::test]
async fn a_token_in_clear_is_not_taken_for_a_sealed_one() {
    let database = Postgres::shared().database();
    let clear = store(&database, None);
    clear.save(&key("a"), &sample("x")).await.expect("saved");
    let reason = refused(&store(&database, Some(SEAL_KEY)), &database).await;
    assert!(reason.contains("in clear, although"), "{reason}");
}

/// Whoever asks for the token `a` is refused, and the table stays as it is.
async fn refused(store: &PostgresTokens, database: &PostgresDatabase) -> String {
    let all = "SELECT * FROM gatepass_client_tokens ORDER BY key";
    let before = sql(database, all);
    let mut shown = String::new();
    for outcome in [
        store.load(&key("a")).await.map(drop),
        store.save(&key("a"), &sample("y")).await,
        store.forget(&key("a")).await,
    ] {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        shown = error.to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert_eq!(sql(database, all), before, "untouched");
    shown
}

#[tokio::test]
async fn a_server_on_the_network_proves_itself() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let made = made.expect("a certificate");
    let (pem, private) = (made.cert.pem(), made.signing_key.serialize_pem());
    let server = Postgres::start_with_tls(&pem, &private);
    let database = server.database();
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, pem).expect("written");
    let roots = format!("&sslrootcert={}", roots.display());

    let load = async |host: &str, parameters: &str| {
        let url = server.tcp_url(host, &database.name);
        let store = PostgresTokens::new(SecretRef::given(format!("{url}?{parameters}")));
        store.load(&key("a")).await
    };
    let trusted = load("localhost", &format!("sslmode=verify-full{roots}")).await;
    assert_eq!(trusted, Ok(None));
    for (host, parameters) in [
        ("localhost", "sslmode=verify-full"),
        ("127.0.0.1", &*format!("sslmode=verify-full{roots}")),
        ("localhost", "sslmode=disable"),
    ] {
        let error = load(host, parameters).await.expect_err("refused");
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_used_says_so_at_once() {
    let server = Postgres::shared();
    let database = server.database();
    let unusable = [
        PostgresTokens::new(SecretRef::given(server.url("nobody_here", &database.name))),
        PostgresTokens::new(SecretRef::given(server.url("postgres", "no_such_database"))),
        PostgresTokens::new(SecretRef::given("postgres://localhost:hunter2/x")),
        store(&database, Some("hunter2")),
    ];
    for store in unusable {
        let error = store.load(&key("a")).await.expect_err("refused");
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        assert!(!error.is_temporary() && !error.to_string().contains("hunter2"));
    }
    let missing = PostgresTokens::new(SecretRef::env("GATEPASS_NO_SUCH"));
    let error = missing.load(&key("a")).await.expect_err("refused");
    assert!(matches!(error, StoreError::Secret(_)), "{error}");
    let tables = sql(
        &database,
        "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'gatepass%'",
    );
    assert_eq!(tables, "0");
}

#[tokio::test]
async fn a_role_that_may_only_use_the_tables_is_enough() {
    let server = Postgres::shared();
    let database = server.database();
    let owner = store(&database, None);
    owner.save(&key("a"), &sample("x")).await.expect("saved");
    sql(
        &database,
        "CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         GRANT SELECT ON gatepass_client_migrations TO app; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON gatepass_client_tokens TO app",
    );
    let app = PostgresTokens::new(SecretRef::given(server.url("app", &database.name)));
    let _held = app.lock(&key("a"), PATIENCE).await.expect("locked");
    app.save(&key("a"), &sample("y")).await.expect("saved");
    assert_eq!(owner.load(&key("a")).await, Ok(Some(sample("y"))));
    app.forget(&key("a")).await.expect("forgotten");
}

#[tokio::test]
async fn the_place_names_database_and_sealing() {
    let database = Postgres::shared().database();
    let (clear, sealed) = (store(&database, None), store(&database, Some(SEAL_KEY)));
    assert_eq!(
        clear.place(&key("a")),
        "a PostgreSQL database (in clear; give a seal_key to seal it)"
    );
    sealed.load(&key("a")).await.expect("nothing yet");
    let place = sealed.place(&key("a"));
    let name = &database.name;
    assert!(
        place.starts_with(&format!("PostgreSQL database {name:?} at /")),
        "{place}"
    );
    assert!(place.ends_with("(sealed with its seal_key)"), "{place}");
}
