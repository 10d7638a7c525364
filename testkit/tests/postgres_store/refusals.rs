use gatepass_store::{PostgresStore, Store as _, StoreError};
use gatepass_testkit::Postgres;

use super::{database, is_marked, mark, open, sql};

#[tokio::test]
async fn newer_tables_are_refused_and_left_alone() {
    let database = database();
    let older = open(&database).await;
    sql(
        &database,
        "INSERT INTO gatepass._sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, '', 0)",
    );
    let error = PostgresStore::open(&database.url).await.err();
    let Some(StoreError::Newer(hint)) = error else {
        panic!("{error:?}");
    };
    assert!(hint.contains("9999"), "{hint}");
    older
        .commit(mark(1))
        .await
        .expect("whoever has begun goes on");
}

/// While nodes are upgraded one after the other, the older ones meet the newer tables.
#[tokio::test]
async fn a_column_that_is_added_does_not_disturb_older_nodes() {
    let database = database();
    let store = open(&database).await;
    store.commit(mark(1)).await.expect("committed");
    assert!(is_marked(&store, 1).await);
    sql(
        &database,
        "ALTER TABLE gatepass.sessions ADD COLUMN colour text NOT NULL DEFAULT 'red'",
    );
    assert!(is_marked(&store, 1).await);
    store.commit(mark(2)).await.expect("committed");
    assert!(is_marked(&store, 2).await);
}

/// Other programs' tables may have the names of ours, in their own schema.
#[tokio::test]
async fn other_programs_tables_are_left_alone() {
    let database = database();
    sql(&database, "CREATE TABLE users (cookie text)");
    let store = open(&database).await;
    store.commit(mark(1)).await.expect("committed");
    assert_eq!(sql(&database, "SELECT count(*) FROM public.users"), "0");
}

/// A step that fails leaves nothing of those before it.
#[tokio::test]
async fn tables_are_made_whole_or_not_at_all() {
    let database = database();
    sql(
        &database,
        "CREATE SCHEMA gatepass; CREATE TABLE gatepass.audit (line text)",
    );
    let error = PostgresStore::open(&database.url).await.err();
    assert!(
        matches!(error, Some(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'gatepass'";
    assert_eq!(sql(&database, tables), "1");
}

#[tokio::test]
async fn a_role_that_may_only_use_the_tables_is_enough() {
    let database = database();
    open(&database).await;
    sql(
        &database,
        "CREATE ROLE server LOGIN; GRANT USAGE ON SCHEMA gatepass TO server; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gatepass TO server",
    );
    let address = Postgres::shared().url("server", &database.name);
    let store = PostgresStore::open(&address).await.expect("it opens");
    store.commit(mark(1)).await.expect("committed");
    assert!(is_marked(&store, 1).await);
}

#[tokio::test]
async fn the_audit_log_is_append_only() {
    let database = database();
    open(&database).await;
    sql(
        &database,
        "INSERT INTO gatepass.audit (at, event) VALUES (1, 'x')",
    );
    let all = "SELECT count(*) FROM gatepass.audit WHERE at = 1";
    for statement in [
        "DELETE FROM gatepass.audit",
        "UPDATE gatepass.audit SET at = 2",
        "TRUNCATE gatepass.audit",
    ] {
        let kept = format!(
            "DO $$ BEGIN {statement}; RAISE 'done'; EXCEPTION WHEN raise_exception THEN \
             IF SQLERRM = 'done' THEN RAISE 'it was done' USING ERRCODE = 'XX000'; END IF; END $$"
        );
        sql(&database, &kept);
        assert_eq!(sql(&database, all), "1", "{statement}");
    }
}

#[tokio::test]
async fn another_encoding_is_refused() {
    let database = database();
    let name = format!("{}_latin", database.name);
    let create = format!("CREATE DATABASE {name} ENCODING LATIN1 TEMPLATE template0");
    sql(&database, &create);
    let address = Postgres::shared().url("postgres", &name);
    let error = PostgresStore::open(&address).await.err();
    let Some(StoreError::Unavailable(hint)) = error else {
        panic!("{error:?}");
    };
    assert!(hint.contains("LATIN1"), "{hint}");
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

    let open = async |host: &str, parameters: &str| {
        let url = server.tcp_url(host, &database.name);
        let address = format!("{url}?{parameters}");
        PostgresStore::open(&address).await.map(drop)
    };
    let trusted = open("localhost", &format!("sslmode=verify-full{roots}")).await;
    trusted.expect("it is who it says");
    for (host, parameters) in [
        ("localhost", "sslmode=verify-full"),
        ("127.0.0.1", &*format!("sslmode=verify-full{roots}")),
        ("localhost", "sslmode=disable"),
    ] {
        let error = open(host, parameters).await.expect_err("refused");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
}

/// The address may hold a password, which is in no error.
#[tokio::test]
async fn no_error_repeats_the_address() {
    let server = Postgres::shared();
    let database = database();
    for address in [
        "postgres:hunter2".to_owned(),
        "postgres://localhost:hunter2/x".to_owned(),
        "postgres://u:hunter2@localhost:1/x".to_owned(),
        "postgres://u@localhost/x?pasword=hunter2".to_owned(),
        server.url("nobody:hunter2", &database.name),
        server.url("postgres:hunter2", "no_such_database"),
    ] {
        let error = gatepass_store::open(&address).await.err().expect("refused");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        let place = gatepass_store::place(&address);
        assert!(
            !format!("{error} {error:?} {place}").contains("hunter2"),
            "{error}"
        );
    }
}

/// Nothing of a store that is shown leads to the database.
#[tokio::test]
async fn a_store_that_is_shown_names_its_place_alone() {
    let database = database();
    let address = Postgres::shared().url("postgres:hunter2", &database.name);
    let store = PostgresStore::open(&address).await.expect("it opens");
    let shown = format!("{store:?}");
    assert!(
        shown.contains(&database.name) && !shown.contains("hunter2"),
        "{shown}"
    );
    store.close().await;
}
