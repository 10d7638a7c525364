//! Work in one transaction: all of it or nothing, and an answer that is true.

use std::time::Duration;

use sqlx::{PgConnection, Row as _};
use tokio::time::timeout;

use super::fault::Failed;
use super::pool::{Pool, bounded};
use crate::StoreError;

/// How a transaction leaves its mark: the session's next number. Every commit does, so that it is planned only once.
pub(super) const PREPARE: &str = "PREPARE mark AS \
    INSERT INTO commits (session, number, at) VALUES (current_setting('gatepass.session')::uuid, 1, now()) \
    ON CONFLICT (session) DO UPDATE SET number = commits.number + 1, at = now() RETURNING session::text, number";
/// One round trip.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; EXECUTE mark";
/// The number that a session has come to. Written, though not to stay, rather than read: that waits for a transaction of
/// the session that still goes on.
const FATE: &str = "INSERT INTO commits (session, number, at) VALUES ($1::uuid, 0, now()) \
    ON CONFLICT (session) DO UPDATE SET at = now() RETURNING number";

/// How long the fate of a transaction is asked for whose end was not heard.
const ASKING: Duration = Duration::from_secs(5);
/// How long between two times.
const BETWEEN: Duration = Duration::from_millis(50);

/// What a transaction leaves behind if it is committed, and only then. No other ever leaves the same, whatever the
/// database forgets in a crash, or in changing over to a replica.
struct Mark {
    session: String,
    number: i64,
}

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
    let (mark, verdict) = bounded(async {
        let mark = begin(&mut lease.conn).await?;
        let verdict = work.perform(&mut lease.conn).await?;
        if verdict.is_err() {
            run("ROLLBACK", &mut lease.conn).await?;
        }
        Ok((mark, verdict))
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
            settle(pool, &mark, failed.into_error()).await?;
        }
    }
    Ok(Ok(done))
}

async fn begin(conn: &mut PgConnection) -> Result<Mark, sqlx::Error> {
    let rows = sqlx::raw_sql(BEGIN).fetch_all(conn).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(Mark {
        session: row.try_get(0)?,
        number: row.try_get(1)?,
    })
}

async fn run(statement: &'static str, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statement).execute(conn).await?;
    Ok(())
}

/// Asks until the fate of a transaction is known: `Ok` when it was committed.
async fn settle(pool: &Pool, mark: &Mark, reason: StoreError) -> Result<(), Failed> {
    let asking = async {
        loop {
            match is_committed(pool, mark).await {
                Ok(committed) => return committed,
                Err(_) => tokio::time::sleep(BETWEEN).await,
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

/// Whether a transaction was committed. It has ended then, for who asks has waited for the lock on its mark.
async fn is_committed(pool: &Pool, mark: &Mark) -> Result<bool, Failed> {
    let mut conn = pool.connect().await?;
    run("BEGIN", &mut conn).await?;
    let number: i64 = sqlx::query_scalar(FATE)
        .bind(&mark.session)
        .fetch_one(&mut conn)
        .await?;
    let _ = run("ROLLBACK", &mut conn).await;
    Ok(number == mark.number)
}
