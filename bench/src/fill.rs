//! A database as it is after years: people, and consents with a refresh family each.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::{GrantDetails, UserDetails};
use gatepass_proto::decide::record::{Family, Grant, Record, User};
use gatepass_proto::{ClientId, GrantId, Timestamp, UserId};
use gatepass_store::Store;

/// Rows in one commit.
const BATCH: u64 = 5_000;
/// Rows between two lines of progress.
const MILESTONE: u64 = 500_000;
/// How long those last that are not over.
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// What is put in.
#[derive(Args)]
pub(crate) struct Fill {
    /// The database, a path or postgres://…
    database: String,
    /// People
    #[arg(long, default_value_t = 1_000_000)]
    users: u64,
    /// Consents, each with its refresh tokens
    #[arg(long, default_value_t = 10_000_000)]
    grants: u64,
    /// Of a hundred consents, those that are over and wait to be swept
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=100))]
    expired: u64,
}

impl Fill {
    /// Fills it; says on standard error how far it is.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.users > 0, "consents need somebody who gave them");
        let store = gatepass_store::open(&self.database).await?;
        let now = gatepass_http::Clock::now(&gatepass_http::SystemClock);
        let began = Instant::now();
        let user = |n| Record::User(user(n, now));
        fill(&*store, "users", self.users, user).await?;
        let grant = |n| Record::Grant(self.grant(n, now));
        fill(&*store, "grants", self.grants, grant).await?;
        store.close().await;
        eprintln!("filled in {:.0} s", began.elapsed().as_secs_f64());
        Ok(())
    }

    fn grant(&self, n: u64, now: Timestamp) -> Grant {
        // In order, so that the pages are written once, and all over the range, so that new ones fall among them.
        let apart = u128::MAX / u128::from(self.grants.max(1));
        let over = n % 100 < self.expired;
        let begun = now - LIFETIME;
        Grant {
            grant_id: GrantId::from_bytes((u128::from(n) * apart).to_be_bytes()),
            client_id: ClientId::new(format!("cl_{:032x}", n % 1000)),
            // Those of one person are far apart.
            user_id: user_id(n % self.users),
            scope: "read write offline_access".parse().unwrap_or_default(),
            audience: vec!["https://login.example.com/api".to_owned()],
            created_at: begun,
            expires_at: if over { now } else { now + LIFETIME },
            revoked_at: None,
            family: Some(Family {
                seed: u128::from(n).to_be_bytes(),
                key_version: 1,
                head: 7,
                rotated_at: begun,
            }),
            details: Box::new(GrantDetails {
                auth_time: Some(begun),
                ..GrantDetails::default()
            }),
        }
    }
}

async fn fill(
    store: &dyn Store,
    what: &str,
    count: u64,
    record: impl Fn(u64) -> Record,
) -> anyhow::Result<()> {
    let mut done = 0;
    while done < count {
        let next = (done + BATCH).min(count);
        let changes = (done..next).map(|n| Change::Insert(record(n))).collect();
        let committed = store.commit(changes).await;
        committed.context("a database that was filled before cannot be filled again")?;
        done = next;
        if done % MILESTONE == 0 || done == count {
            eprintln!("{done} {what}");
        }
    }
    Ok(())
}

fn user_id(n: u64) -> UserId {
    UserId::new(format!("us_{n:032x}"))
}

fn user(n: u64, now: Timestamp) -> User {
    User {
        user_id: user_id(n),
        username: format!("person{n}@example.com"),
        // Nobody logs in as one of them.
        password_hash:
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo"
                .to_owned(),
        created_at: now - LIFETIME,
        locked_at: None,
        details: UserDetails::default(),
    }
}
