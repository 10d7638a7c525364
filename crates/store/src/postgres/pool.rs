//! A bounded number of connections, made when they are wanted and made again when they are lost.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::fault::{Failed, fault, silent};
use crate::StoreError;

/// How long somebody waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a new connection may take.
pub(super) const CONNECTING: Duration = Duration::from_secs(3);
/// How long an attempt may take, once it has a connection. The database gives up before that; what takes longer is silent.
const CALL: Duration = Duration::from_secs(5);
/// A connection that lay idle for longer is not trusted: something on the way may have forgotten it.
const IDLE: Duration = Duration::from_secs(60);

/// How often an attempt is made that others get in the way of.
const ATTEMPTS: u32 = 8;
/// How long the second attempt waits; each further one twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(2);

/// What every session is told before it is used: whose tables, its own name, and that nothing waits without end, on
/// either side.
/// What is acknowledged is to be durable, so that a database in which it is not is overruled.
pub(super) const SESSION: &str = "SELECT set_config(name, value, false) FROM (VALUES \
    ('search_path', 'gatepass'), \
    ('statement_timeout', '4s'), \
    ('lock_timeout', '3s'), \
    ('idle_in_transaction_session_timeout', '5s'), \
    ('client_min_messages', 'warning'), \
    ('tcp_keepalives_idle', '10'), \
    ('tcp_keepalives_interval', '5'), \
    ('tcp_keepalives_count', '3'), \
    ('tcp_user_timeout', '10s'), \
    ('gatepass.session', gen_random_uuid()::text), \
    ('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on')) \
    ) AS wanted (name, value)";

/// A pool much plainer than sqlx's own: no ping, no task of its own. A connection on which anything failed is closed; the
/// next user opens another.
pub(super) struct Pool {
    options: PgConnectOptions,
    /// What each session prepares before it is used.
    prepare: Option<&'static str>,
    most: u32,
    permits: Semaphore,
    idle: Mutex<Vec<(Instant, PgConnection)>>,
}

impl Pool {
    /// A pool of at most so many connections; there are none yet.
    pub(super) fn new(options: PgConnectOptions, most: u8) -> Self {
        Self {
            options,
            prepare: None,
            most: u32::from(most),
            permits: Semaphore::new(usize::from(most)),
            idle: Mutex::default(),
        }
    }

    /// The same, in which each session prepares this statement.
    pub(super) fn preparing(self, statement: &'static str) -> Self {
        Self {
            prepare: Some(statement),
            ..self
        }
    }

    /// Makes attempts until one succeeds, or fails for a reason that will not pass. A lost connection is a reason to
    /// try again once, for after a restart of the database all that lay idle are lost; one that is silent is not, for the
    /// caller has waited long enough, but the others that lie idle are no better then.
    pub(super) async fn persistently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let (mut contended, mut lost) = (0, false);
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(Failed::Contended(_)) if contended + 1 < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * 2_u32.pow(contended)).await;
                    contended += 1;
                }
                Err(Failed::Lost(_)) if !lost => {
                    lost = true;
                    self.entries().clear();
                }
                Err(failed) => {
                    if matches!(failed, Failed::Silent) {
                        self.entries().clear();
                    }
                    return Err(failed.into_error());
                }
            }
        }
    }

    /// A connection for one user.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let permit = timeout(PATIENCE, self.permits.acquire())
            .await
            .map_err(|_| StoreError::Unavailable("too many requests are waiting".into()))?
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let conn = match self.fresh_enough() {
            Some(conn) => conn,
            None => self.prepared().await?,
        };
        Ok(Lease {
            pool: self,
            conn,
            permit,
        })
    }

    async fn prepared(&self) -> Result<PgConnection, StoreError> {
        let mut conn = self.connect().await?;
        if let Some(statement) = self.prepare {
            let preparing = sqlx::raw_sql(statement).execute(&mut conn);
            bounded(preparing).await.map_err(Failed::into_error)?;
        }
        Ok(conn)
    }

    /// A new connection, whoever has the others.
    pub(super) async fn connect(&self) -> Result<PgConnection, StoreError> {
        connect(&self.options).await
    }

    /// Waits for what is under way, closes all connections, and refuses from now on.
    pub(super) async fn close(&self) {
        let _all = self.permits.acquire_many(self.most).await;
        self.permits.close();
        let idle = std::mem::take(&mut *self.entries());
        for (_, conn) in idle {
            let _ = timeout(CONNECTING, conn.close()).await;
        }
    }

    /// The connection that was used last; those that nobody has used for long are closed.
    fn fresh_enough(&self) -> Option<PgConnection> {
        let mut idle = self.entries();
        idle.retain(|(since, _)| since.elapsed() < IDLE);
        idle.pop().map(|(_, conn)| conn)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<(Instant, PgConnection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. It is closed when it is dropped, unless it is given back.
pub(super) struct Lease<'p> {
    pool: &'p Pool,
    pub(super) conn: PgConnection,
    permit: SemaphorePermit<'p>,
}

impl<'p> Lease<'p> {
    pub(super) fn give_back(self) {
        self.pool.entries().push((Instant::now(), self.conn));
    }

    /// Closes the connection, whose place stays taken while the permit lives.
    pub(super) fn close(self) -> SemaphorePermit<'p> {
        self.permit
    }
}

/// A connection whose session has been told what it has to know.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connecting = async {
        let mut conn = options.connect().await?;
        sqlx::query(SESSION).execute(&mut conn).await?;
        Ok(conn)
    };
    timeout(CONNECTING, connecting)
        .await
        .map_err(|_| silent())?
        .map_err(|error: sqlx::Error| fault(&error))
}

/// Part of an attempt, within its time.
pub(super) async fn bounded<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failed> {
    match timeout(CALL, work).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Failed::Silent),
    }
}
