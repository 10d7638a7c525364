//! Databases that an older gatepass has written.

use gatepass_proto::Timestamp;
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_store::Store as _;
use gatepass_store::contract::samples::sealed_key;

use super::{database, open, sql};

/// Before keys had times of their own, they were used from the moment they were made.
#[tokio::test]
async fn keys_from_before_are_in_use() {
    let database = database();
    open(&database).await.close().await;
    sql(
        &database,
        "ALTER TABLE gatepass.sealed_keys DROP COLUMN activates_at; \
         DROP TABLE gatepass.commits; \
         DELETE FROM gatepass._sqlx_migrations WHERE version >= 3; \
         INSERT INTO gatepass.sealed_keys (key_id, purpose, alg, sealed, created_at) \
         VALUES ('kid-0001', 'sign', 'ES256', '\\x00ff0100', 1234)",
    );
    let made = Timestamp::from_millis(1234);
    let expected = SealedKey {
        created_at: made,
        activates_at: made,
        ..sealed_key(1)
    };
    let store = open(&database).await;
    let found = store
        .list(Kind::SealedKey)
        .await
        .expect("the store answers");
    assert_eq!(found, [Record::SealedKey(expected)]);
}
