//! What is found by a look that changes nothing.

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::Record;
use gatepass_store::contract::samples::sealed_key;
use gatepass_store::{Found, Store as _, StoreError, look};
use sqlx::Connection as _;

use super::{behind, open, place, run};

#[tokio::test]
async fn a_look_finds_the_keys_beside_a_server_or_without_one() {
    let (folder, path) = place();
    let address = path.to_str().expect("text");
    assert_eq!(look(address).await.expect("looked"), Found::Nothing);
    assert_eq!(std::fs::read_dir(&folder).expect("readable").count(), 0);
    std::fs::write(&path, "").expect("written");
    assert_eq!(look(address).await.expect("looked"), Found::Nothing);

    let store = open(&path).await;
    let keys = vec![sealed_key(1), sealed_key(2)];
    let insert = |key: &_| Change::Insert(Record::SealedKey(Clone::clone(key)));
    let changes = keys.iter().map(insert).collect();
    store.commit(changes).await.expect("committed");
    assert_eq!(
        look(address).await.expect("looked"),
        Found::Ours { keys: keys.clone() }
    );
    store.close().await;
    let before = std::fs::read(&path).expect("readable");
    assert_eq!(look(address).await.expect("looked"), Found::Ours { keys });
    assert_eq!(std::fs::read(&path).expect("readable"), before);
    assert_eq!(look("memory:").await.expect("looked"), Found::Nothing);
}

#[tokio::test]
async fn a_look_tells_what_is_older_newer_or_not_ours() {
    let (_folder, path) = place();
    let address = path.to_str().expect("text");
    open(&path).await.close().await;
    let mut conn = behind(&path).await;
    run(
        &mut conn,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    assert_eq!(
        look(address).await.expect("looked"),
        Found::Older { steps: 1 }
    );
    run(
        &mut conn,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .await;
    conn.close().await.expect("closed");
    let newer = look(address).await;
    assert!(matches!(newer, Err(StoreError::Newer(_))), "{newer:?}");

    std::fs::write(&path, "something else").expect("written");
    let other = look(address).await;
    assert!(matches!(other, Err(StoreError::Damaged(_))), "{other:?}");
    let unknown = look("mysql://db/x").await;
    assert!(
        matches!(unknown, Err(StoreError::Unavailable(_))),
        "{unknown:?}"
    );
}
