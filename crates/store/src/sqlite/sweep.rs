//! Rows that cannot matter any more.

use gatepass_proto::Timestamp;
use sqlx::SqliteConnection;

use super::writer::{Work, Writer};
use crate::columns::time;
use crate::{StoreError, retention};

/// The most rows that go in one piece of work. Between two pieces everybody else has a turn.
const BATCH: u32 = 50;

/// Before which moment a row must have ended to go now.
type Bound = fn(Timestamp) -> Timestamp;

/// For each table whose rows end: how to delete the first few. `?1` is now, `?2` the bound, `?3` how many may go.
const TABLES: [(&str, Bound); 7] = [
    (
        "DELETE FROM codes WHERE digest IN \
         (SELECT digest FROM codes WHERE expires_at < ?2 LIMIT ?3)",
        |now| now - retention::CODE,
    ),
    (
        "DELETE FROM sessions WHERE digest IN \
         (SELECT digest FROM sessions WHERE expires_at < ?2 LIMIT ?3)",
        |now| now,
    ),
    (
        "DELETE FROM grants WHERE grant_id IN \
         (SELECT grant_id FROM grants WHERE expires_at < ?2 LIMIT ?3)",
        |now| now,
    ),
    (
        "DELETE FROM items WHERE (space, digest) IN \
         (SELECT space, digest FROM items WHERE expires_at < ?2 LIMIT ?3)",
        |now| now,
    ),
    (
        "DELETE FROM denied WHERE jti IN \
         (SELECT jti FROM denied WHERE until < ?2 LIMIT ?3)",
        |now| now - retention::USED,
    ),
    (
        "DELETE FROM seen WHERE (space, hash) IN \
         (SELECT space, hash FROM seen WHERE until < ?2 LIMIT ?3)",
        |now| now - retention::USED,
    ),
    (
        "DELETE FROM accounts WHERE account IN \
         (SELECT account FROM accounts WHERE last_at < ?2 \
          AND (blocked_until IS NULL OR blocked_until < ?1) LIMIT ?3)",
        |now| now - retention::ACCOUNT,
    ),
];

/// Deletes at most `limit` rows of each table; says how many went.
pub(super) async fn sweep(writer: &Writer, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut total = 0;
    for (sql, bound) in TABLES {
        let mut left = limit;
        while left > 0 {
            let most = left.min(BATCH);
            let batch = Batch {
                sql,
                now,
                before: bound(now),
                most,
            };
            let gone = writer.submit(batch).await?;
            total += gone;
            if gone < u64::from(most) {
                break;
            }
            left -= most;
        }
    }
    Ok(total)
}

struct Batch {
    sql: &'static str,
    now: Timestamp,
    before: Timestamp,
    most: u32,
}

impl Work for Batch {
    type Verdict = u64;

    async fn perform(&self, conn: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let gone = sqlx::query(self.sql)
            .bind(time(self.now))
            .bind(time(self.before))
            .bind(self.most)
            .execute(conn)
            .await?;
        Ok(gone.rows_affected())
    }
}
