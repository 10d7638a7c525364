//! Many clients at once, each of which notes what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::desk::{Desk, Tokens, about, redemption, refresh, registration};
use crate::ledger::{Fate, Ledger, Login, Registered};

/// How many ask at the same time.
const CROWD: u8 = 8;

/// A crowd under way.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: JoinSet<Ledger>,
}

/// One of the crowd.
struct Worker {
    desk: Desk,
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    ledger: Ledger,
}

impl Load {
    /// Lets the crowd begin. It goes on until the server is gone.
    pub(crate) fn begin(desk: &Desk) -> Self {
        let (over, done) = (Arc::default(), Arc::default());
        let mut tasks = JoinSet::new();
        for n in 1..=CROWD {
            let worker = Worker {
                desk: desk.from(n),
                over: Arc::clone(&over),
                done: Arc::clone(&done),
                ledger: Ledger::default(),
            };
            tasks.spawn(worker.work());
        }
        Self { over, done, tasks }
    }

    /// Waits until so many logins have run their course.
    pub(crate) async fn has_done(&self, logins: usize) {
        while self.done.load(Ordering::Relaxed) < logins {
            assert!(!self.tasks.is_empty());
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Waits until everybody has noticed that the server is gone; what they were told.
    pub(crate) async fn end(self) -> Ledger {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Ledger::default();
        for ledger in self.tasks.join_all().await {
            all.add(ledger);
        }
        all
    }
}

impl Worker {
    async fn work(mut self) -> Ledger {
        for n in 0.. {
            if self.over.load(Ordering::Relaxed) || self.step(n).await.is_none() {
                break;
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        self.ledger
    }

    /// One login from the code to the end, and now and then a registration; `None` when the server is gone.
    async fn step(&mut self, n: usize) -> Option<()> {
        if n.is_multiple_of(8) {
            self.register().await?;
        }
        let code = self.desk.code().await?;
        let mut login = Login::new(code);
        let lived = self.live(&mut login, n).await;
        self.ledger.logins.push(login);
        lived
    }

    async fn register(&mut self) -> Option<()> {
        let answer = self.desk.send(&registration()).await?;
        // Whoever registers many is slowed down.
        if answer.status != 429 {
            assert_eq!(answer.status, 201, "{answer:?}");
            let place: url::Url = answer.text("registration_client_uri").parse().expect("it");
            self.ledger.registered.push(Registered {
                path: place.path().to_owned(),
                token: answer.text("registration_access_token"),
            });
        }
        Some(())
    }

    async fn live(&self, login: &mut Login, n: usize) -> Option<()> {
        if n % 4 == 3 {
            return Some(());
        }
        login.redeemed = Fate::Maybe;
        let answer = self.desk.send(&redemption(&login.code)).await?;
        login.tokens.push(Tokens::of(&answer));
        login.redeemed = Fate::Yes;
        for _ in 0..n % 3 {
            let last = login.tokens.last().expect("the first");
            let answer = self.desk.send(&refresh(&last.refresh)).await?;
            login.tokens.push(Tokens::of(&answer));
        }
        if n % 5 == 4 {
            let last = login.tokens.last().expect("the first");
            let call = about("/oauth/revoke", &last.refresh);
            login.revoked = Fate::Maybe;
            self.desk.send(&call).await?.good();
            login.revoked = Fate::Yes;
        }
        Some(())
    }
}
