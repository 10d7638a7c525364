//! The one task that writes. It takes what has queued up while it was busy and commits it as one group, so that
//! many callers share the cost of one sync to disk; each still gets a verdict of its own, and only once the
//! group is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::fault::{again, fault};
use crate::StoreError;

/// The most requests that wait.
const QUEUED: usize = 1024;
/// The most requests in one transaction.
const GROUP: usize = 128;
/// How long a request waits for its turn. Less than another process may keep the writer waiting (five seconds), so
/// that those behind a request that is stuck do not get stuck one after the other.
const PATIENCE: Duration = Duration::from_secs(4);

/// Something to be done inside the group's transaction.
pub(super) trait Work: Send + Sync + 'static {
    /// What the caller is told.
    type Verdict: Send;

    /// Does it. A refusal is a verdict and must leave nothing behind, for which there is a savepoint named
    /// `request`: renew it before the first change. An error fails the whole group.
    fn perform(
        &self,
        conn: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Verdict, sqlx::Error>> + Send;
}

/// The way into the queue.
pub(super) struct Writer {
    queue: mpsc::Sender<Item>,
}

impl Writer {
    /// Starts the task on `conn`; `options` open another when that one fails.
    pub(super) fn start(options: SqliteConnectOptions, conn: SqliteConnection) -> Self {
        let (queue, items) = mpsc::channel(QUEUED);
        let seat = Seat {
            options,
            conn: Some(conn),
        };
        tokio::spawn(run(seat, items));
        Self { queue }
    }

    /// Queues `work` and waits for its verdict. On an error nothing was changed. A caller that goes away once
    /// its work is queued does not take it back.
    pub(super) async fn submit<W: Work>(&self, work: W) -> Result<W::Verdict, StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let (reply, mut verdict) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        let request = Box::new(Request {
            work,
            verdict: None,
            begun: Arc::clone(&begun),
            reply,
        });
        timeout_at(deadline, self.queue.send(Item::Work(request)))
            .await
            .map_err(|_| too_slow())?
            .map_err(|_| lost())?;
        match timeout_at(deadline, &mut verdict).await {
            Ok(told) => told.map_err(|_| lost())?,
            // Whoever turns the flag first has it: either the writer will not touch it, or it has begun,
            // and then only it knows the outcome.
            Err(_) if !begun.swap(true, Ordering::AcqRel) => Err(too_slow()),
            Err(_) => verdict.await.map_err(|_| lost())?,
        }
    }

    /// Finishes what is queued, moves the log into the database file and ends the task.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Item::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

fn too_slow() -> StoreError {
    StoreError::Unavailable("too many changes are waiting".into())
}

fn lost() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

enum Item {
    Work(Box<dyn Queued>),
    Close(oneshot::Sender<()>),
}

/// A request whatever its work.
#[async_trait]
trait Queued: Send {
    /// Whether it is still wanted. From now on it is the writer's.
    fn begin(&self) -> bool;

    async fn attempt(&mut self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error>;

    /// Tells the caller, if it is still there.
    fn settle(self: Box<Self>, fate: Result<(), StoreError>);
}

struct Request<W: Work> {
    work: W,
    verdict: Option<W::Verdict>,
    begun: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<W::Verdict, StoreError>>,
}

#[async_trait]
impl<W: Work> Queued for Request<W> {
    fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::AcqRel)
    }

    async fn attempt(&mut self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.verdict = Some(self.work.perform(conn).await?);
        Ok(())
    }

    fn settle(self: Box<Self>, fate: Result<(), StoreError>) {
        let Self { verdict, reply, .. } = *self;
        let _ = reply.send(fate.and_then(|()| verdict.ok_or_else(lost)));
    }
}

async fn run(mut seat: Seat, mut items: mpsc::Receiver<Item>) {
    let mut taken = Vec::with_capacity(GROUP);
    let mut closing = Vec::new();
    while items.recv_many(&mut taken, GROUP).await > 0 {
        let mut group = Vec::with_capacity(taken.len());
        for item in taken.drain(..) {
            match item {
                Item::Work(request) if request.begin() => group.push(request),
                Item::Work(_) => {}
                Item::Close(done) => {
                    items.close();
                    closing.push(done);
                }
            }
        }
        let fate = seat.commit(&mut group).await;
        if let Err(error) = &fate {
            tracing::warn!(%error, requests = group.len(), "changes were not written");
        }
        for request in group {
            request.settle(fate.as_ref().copied().map_err(again));
        }
    }
    seat.close().await;
    for done in closing {
        let _ = done.send(());
    }
}

/// The write connection. One that has failed is not trusted again (a full disk may have ended its transaction
/// on its own): it is closed, which takes back what it had begun, and the next group opens another.
struct Seat {
    options: SqliteConnectOptions,
    conn: Option<SqliteConnection>,
}

impl Seat {
    async fn commit(&mut self, group: &mut [Box<dyn Queued>]) -> Result<(), StoreError> {
        if group.is_empty() {
            return Ok(());
        }
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self
                .options
                .connect()
                .await
                .map_err(|error| fault(&error))?,
        };
        match transact(&mut conn, group).await {
            Ok(()) => {
                self.conn = Some(conn);
                Ok(())
            }
            Err(error) => {
                let _ = conn.close().await;
                Err(fault(&error))
            }
        }
    }

    async fn close(self) {
        let Some(mut conn) = self.conn else { return };
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = checkpoint.execute(&mut conn).await {
            tracing::warn!(%error, "the log stays beside the database until it is opened again");
        }
        let _ = conn.close().await;
    }
}

async fn transact(
    conn: &mut SqliteConnection,
    group: &mut [Box<dyn Queued>],
) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE; SAVEPOINT request")
        .execute(&mut *conn)
        .await?;
    for request in group {
        request.attempt(conn).await?;
    }
    sqlx::query("COMMIT").execute(conn).await?;
    Ok(())
}
