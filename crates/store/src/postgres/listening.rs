//! What other nodes change, heard on a connection of its own.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::fault::{fault, silent};
use super::pool::{CONNECTING, SESSION};
use crate::StoreError;
use crate::news::{Edition, News};

/// What the triggers of the tables tell; the payload is the table's name.
const CHANNEL: &str = "gatepass";
/// Whether this session is told. Behind a pooler that mixes sessions it would not be, and would not know it.
const STILL: &str =
    "SELECT EXISTS (SELECT FROM pg_listening_channels() AS channel WHERE channel = 'gatepass')";

/// How often it is asked. An answer proves that everything committed before the question has been heard.
const BEAT: Duration = Duration::from_millis(300);
/// After this long without an answer another connection is made.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long until the second attempt to connect; each further one twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A task that listens while this lives.
pub(super) struct Listening {
    pub(super) news: News,
    task: AbortHandle,
}

impl Listening {
    /// Begins to listen, on a connection that is made again whenever it is lost.
    pub(super) fn begin(options: PgConnectOptions) -> Self {
        let (writer, news) = News::channel();
        let task = tokio::spawn(listen(options, writer)).abort_handle();
        Self { news, task }
    }

    pub(super) fn end(&self) {
        self.task.abort();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.end();
    }
}

async fn listen(options: PgConnectOptions, writer: watch::Sender<Edition>) {
    let (mut pause, mut complained) = (PAUSE, false);
    loop {
        let before = writer.borrow().complete_to;
        let Err(error) = session(&options, &writer).await;
        if writer.borrow().complete_to != before {
            // It did listen for a while.
            (pause, complained) = (PAUSE, false);
        }
        if !complained {
            tracing::warn!(%error, "changes by other nodes are not heard, so the database is asked each second");
            complained = true;
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Listens until the connection is lost.
async fn session(
    options: &PgConnectOptions,
    writer: &watch::Sender<Edition>,
) -> Result<Infallible, StoreError> {
    let mut listener = within(CONNECTING, connect(options)).await?;
    let began = Instant::now();
    within(CONNECTING, listener.listen(CHANNEL)).await?;
    writer.send_modify(|edition| {
        // Nobody has listened until now.
        edition.clients += 1;
        edition.keys += 1;
        edition.complete_to = Some(began);
    });
    loop {
        let next = Instant::now() + BEAT;
        while let Ok(heard) = timeout_at(next, listener.try_recv()).await {
            let heard = heard.map_err(|error| fault(&error))?;
            let lost = || StoreError::Unavailable("the connection was lost".into());
            tell(writer, heard.ok_or_else(lost)?.payload());
        }
        let asked = Instant::now();
        let question = sqlx::query_scalar(STILL).fetch_one(&mut listener);
        let still: bool = within(PATIENCE, question).await?;
        while let Some(heard) = listener.next_buffered() {
            tell(writer, heard.payload());
        }
        if !still {
            let text = "its session is not kept whole, by a pooler in between perhaps";
            return Err(StoreError::Unavailable(text.into()));
        }
        // Nobody waits for this.
        writer.send_if_modified(|edition| {
            edition.complete_to = Some(asked);
            false
        });
    }
}

/// A connection for itself, which is not made again behind our back.
async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.execute(SESSION).await?;
    Ok(listener)
}

fn tell(writer: &watch::Sender<Edition>, table: &str) {
    match table {
        "clients" => writer.send_modify(|edition| edition.clients += 1),
        "sealed_keys" => writer.send_modify(|edition| edition.keys += 1),
        // A newer node may tell more.
        _ => {}
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    let done = timeout(time, work).await.map_err(|_| silent())?;
    done.map_err(|error| fault(&error))
}
