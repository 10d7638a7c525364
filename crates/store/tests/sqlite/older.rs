//! Databases that an older gatepass has written.

use gatepass_proto::Timestamp;
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_store::Store as _;
use gatepass_store::contract::samples::{NOW, sealed_key};
use sqlx::Connection as _;

use super::{behind, open, place, run};

/// Before keys had times of their own, they were used from the moment they were made.
#[tokio::test]
async fn keys_from_before_are_in_use() {
    let (_folder, path) = place();
    open(&path).await.close().await;
    let mut conn = behind(&path).await;
    for sql in [
        "ALTER TABLE sealed_keys DROP COLUMN activates_at",
        "DELETE FROM _sqlx_migrations WHERE version = 3",
        "INSERT INTO sealed_keys (key_id, purpose, alg, sealed, created_at) \
         VALUES ('kid-0001', 'sign', 'ES256', x'00ff0100', 1234)",
    ] {
        run(&mut conn, sql).await;
    }
    conn.close().await.expect("closed");
    let store = open(&path).await;
    let made = Timestamp::from_millis(1234);
    assert_ne!(made, NOW);
    let expected = SealedKey {
        created_at: made,
        activates_at: made,
        ..sealed_key(1)
    };
    let found = store
        .list(Kind::SealedKey)
        .await
        .expect("the store answers");
    assert_eq!(found, [Record::SealedKey(expected)]);
}
