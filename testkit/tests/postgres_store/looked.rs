//! What is found by a look that changes nothing.

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::Record;
use gatepass_store::contract::samples::sealed_key;
use gatepass_store::{Found, Store as _, StoreError, look};

use super::{database, open, sql};

#[tokio::test]
async fn a_look_tells_what_a_start_would_meet() {
    let database = database();
    // Twice, for the first one must not have made anything.
    for _ in 0..2 {
        assert_eq!(look(&database.url).await.expect("looked"), Found::Nothing);
    }
    let store = open(&database).await;
    let insert = Change::Insert(Record::SealedKey(sealed_key(1)));
    store.commit(vec![insert]).await.expect("committed");
    let keys = vec![sealed_key(1)];
    assert_eq!(
        look(&database.url).await.expect("looked"),
        Found::Ours { keys }
    );
    sql(
        &database,
        "DELETE FROM gatepass._sqlx_migrations WHERE version = (SELECT max(version) FROM gatepass._sqlx_migrations)",
    );
    assert_eq!(
        look(&database.url).await.expect("looked"),
        Found::Older { steps: 1 }
    );
    sql(
        &database,
        "INSERT INTO gatepass._sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, '', 0)",
    );
    let newer = look(&database.url).await;
    assert!(matches!(newer, Err(StoreError::Newer(_))), "{newer:?}");
}
