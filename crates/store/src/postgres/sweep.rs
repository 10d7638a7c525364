//! Rows that cannot matter any more.

use gatepass_proto::Timestamp;
use sqlx::AssertSqlSafe;

use super::pool::{Pool, bounded};
use crate::columns::time;
use crate::{StoreError, retention};

/// The most rows that go in one statement. Their locks are held for as long as it runs.
const BATCH: u32 = 50;

/// Before which moment a row must have ended to go now.
type Bound = fn(Timestamp) -> Timestamp;

/// For each table whose rows end: its key, and which rows do. `$1` is now, `$2` the bound.
const TABLES: [(&str, &str, &str, Bound); 8] = [
    ("codes", "digest", "expires_at < $2", |now| {
        now - retention::CODE
    }),
    ("sessions", "digest", "expires_at < $2", |now| now),
    ("grants", "grant_id", "expires_at < $2", |now| now),
    ("items", "space, digest", "expires_at < $2", |now| now),
    ("denied", "jti", "until < $2", |now| now - retention::USED),
    ("seen", "space, hash", "until < $2", |now| {
        now - retention::USED
    }),
    (
        "accounts",
        "account",
        "last_at < $2 AND (blocked_until IS NULL OR blocked_until < $1)",
        |now| now - retention::ACCOUNT,
    ),
    // By the database's own clock, as they were written. No connection is kept for that long without being used.
    (
        "commits",
        "session",
        "at < clock_timestamp() - interval '1 day'",
        |now| now,
    ),
];

/// Deletes at most `limit` rows of each table; says how many went.
pub(super) async fn sweep(pool: &Pool, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut total = 0;
    for (table, key, is_over, bound) in TABLES {
        let delete = delete(table, key, is_over);
        let mut left = limit;
        while left > 0 {
            let most = left.min(BATCH);
            let gone = pool
                .persistently(|| batch(pool, &delete, [now, bound(now)], most))
                .await?;
            total += gone;
            if gone < u64::from(most) {
                break;
            }
            left -= most;
        }
    }
    Ok(total)
}

/// Rows that somebody else has just changed, or sweeps, are left alone; those that are taken are locked first, so that
/// what is deleted is what was looked at.
fn delete(table: &str, key: &str, is_over: &str) -> String {
    format!(
        "WITH ended AS MATERIALIZED (SELECT {key} FROM {table} WHERE {is_over} \
         LIMIT $3 FOR UPDATE SKIP LOCKED) \
         DELETE FROM {table} USING ended WHERE {}",
        key.split(", ")
            .map(|column| format!("{table}.{column} = ended.{column}"))
            .collect::<Vec<_>>()
            .join(" AND ")
    )
}

/// A statement is a transaction by itself. Whether it was lost before or after its end does not matter: what is over
/// may go at any time.
async fn batch(
    pool: &Pool,
    delete: &str,
    [now, before]: [Timestamp; 2],
    most: u32,
) -> Result<u64, super::fault::Failed> {
    let mut lease = pool.lease().await?;
    let gone = sqlx::query(AssertSqlSafe(delete.to_owned()))
        .bind(time(now))
        .bind(time(before))
        .bind(i64::from(most))
        .execute(&mut lease.conn);
    let gone = bounded(gone).await?;
    lease.give_back();
    Ok(gone.rows_affected())
}
