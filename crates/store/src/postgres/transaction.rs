//! Work in one transaction: all of it or nothing, and an answer that is true.

use std::time::Duration;

use sqlx::{PgConnection, Row as _};
use tokio::time::timeout;

use super::fault::{Failed, is};
use super::pool::{Pool, bounded};
use crate::StoreError;

/// A transaction that knows its number, by which its fate can be asked for. One round trip.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_current_xact_id()::text";

/// How long the fate of a transaction is asked for whose end was not heard.
const ASKING: Duration = Duration::from_secs(5);
/// How long between two times.
const BETWEEN: Duration = Duration::from_millis(50);

/// The number is of the future: the database has crashed and forgotten that the transaction ever began.
const FORGOTTEN: &[&str] = &["22023"];

/// Something to be done in a transaction, perhaps several times until it succeeds.
pub(super) trait Work: Send + Sync + 'static {
    /// What the caller is told when it is done.
    type Done: Send + 'static;
    /// What the caller is told when it may not be done; then nothing has happened.
    type Refusal: Send + 'static;

    fn perform(
        &self,
        conn: &mut PgConnection,
    ) -> impl Future<Output = Result<Result<Self::Done, Self::Refusal>, sqlx::Error>> + Send;
}

/// What came of a piece of work.
pub(super) type Verdict<W> = Result<<W as Work>::Done, <W as Work>::Refusal>;

/// Does the work and makes it durable; on a refusal or an error nothing has changed.
pub(super) async fn transact<W: Work>(pool: &Pool, work: &W) -> Result<Verdict<W>, StoreError> {
    pool.persistently(|| attempt(pool, work)).await
}

async fn attempt<W: Work>(pool: &Pool, work: &W) -> Result<Verdict<W>, Failed> {
    let mut lease = pool.lease().await?;
    let (number, verdict) = bounded(async {
        let number = begin(&mut lease.conn).await?;
        let verdict = work.perform(&mut lease.conn).await?;
        if verdict.is_err() {
            run("ROLLBACK", &mut lease.conn).await?;
        }
        Ok((number, verdict))
    })
    .await?;
    let Ok(done) = verdict else {
        lease.give_back();
        return Ok(verdict);
    };
    match bounded(run("COMMIT", &mut lease.conn)).await {
        Ok(()) => lease.give_back(),
        Err(contended @ Failed::Contended(_)) => return Err(contended),
        // From here on only the database knows whether the transaction has ended, and how.
        Err(failed) => {
            let _place = lease.close();
            settle(pool, &number, failed.into_error()).await?;
        }
    }
    Ok(Ok(done))
}

async fn begin(conn: &mut PgConnection) -> Result<String, sqlx::Error> {
    let rows = sqlx::raw_sql(BEGIN).fetch_all(conn).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    row.try_get(0)
}

async fn run(statement: &'static str, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statement).execute(conn).await?;
    Ok(())
}

/// Asks until the fate of a transaction is known: `Ok` when it was committed.
async fn settle(pool: &Pool, number: &str, reason: StoreError) -> Result<(), Failed> {
    let asking = async {
        loop {
            match fate(pool, number).await {
                Ok(Some(committed)) => return committed,
                Ok(None) | Err(_) => tokio::time::sleep(BETWEEN).await,
            }
        }
    };
    match timeout(ASKING, asking).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failed::Lost(reason)),
        Err(_) => {
            tracing::error!(%reason, "changes may or may not have been written: the database went away while it wrote them");
            Err(Failed::Otherwise(reason))
        }
    }
}

/// Whether a transaction was committed; `None` while it goes on.
async fn fate(pool: &Pool, number: &str) -> Result<Option<bool>, Failed> {
    let mut conn = pool.connect().await?;
    let asked = sqlx::query_scalar("SELECT pg_xact_status($1::text::xid8)")
        .bind(number)
        .fetch_one(&mut conn)
        .await;
    let status: Option<String> = match asked {
        Err(error) if is(&error, FORGOTTEN) => return Ok(Some(false)),
        asked => asked?,
    };
    Ok(match status.as_deref() {
        Some("committed") => Some(true),
        Some("aborted") => Some(false),
        _ => None,
    })
}
