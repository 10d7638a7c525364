//! Four machines with one token in a PostgreSQL database.

use std::time::{Duration, Instant};

use gatepass_client::SecretRef;
use gatepass_client::tokens::{PostgresTokens, TokenStore as _};
use gatepass_testkit::{Postgres, PostgresDatabase};

use crate::authority::Authority;
use crate::figures;
use crate::front::Held;
use crate::home::{Home, key};
use crate::running::{Running, the_one_token, until};

const MACHINES: usize = 4;
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TOKENS: &str =
    "tokens = { postgres = { env = \"DATABASE_URL\" }, seal_key = { env = \"SEAL_KEY\" } }\n";

/// Machines that have nothing in common but a database.
struct Fleet {
    homes: Vec<Home>,
    database: PostgresDatabase,
}

impl Fleet {
    /// A fleet whose token has expired.
    async fn of(authority: &Authority) -> Self {
        let database = Postgres::shared().database();
        let homes: Vec<Home> = (0..MACHINES)
            .map(|_| {
                Home::new()
                    .with("DATABASE_URL", &database.url)
                    .with("SEAL_KEY", SEAL_KEY)
            })
            .collect();
        let profiles: Vec<_> = homes
            .iter()
            .map(|home| authority.profile(home, "work", TOKENS))
            .collect();
        let profile = profiles.first().expect("a machine");
        let tokens = PostgresTokens::new(SecretRef::given(&database.url))
            .sealed_with(SecretRef::given(SEAL_KEY));
        let saved = tokens
            .save(&key("work"), &authority.token(profile, -5))
            .await;
        saved.expect("saved");
        Self { homes, database }
    }

    fn start(&self) -> Vec<Running> {
        self.homes
            .iter()
            .map(|home| home.start("token work"))
            .collect()
    }

    /// How many hold the lock, and how many wait for it.
    fn locks(&self) -> (usize, usize) {
        let count = "SELECT count(*) FILTER (WHERE granted) || ' ' || count(*) FILTER (WHERE NOT granted) \
             FROM pg_locks JOIN pg_database ON oid = database \
             WHERE locktype = 'advisory' AND datname = current_database()";
        let said = Postgres::shared().sql(&self.database.name, count);
        let (held, waiting) = said.split_once(' ').expect("two numbers");
        let number = |text: &str| text.parse().expect("a number");
        (number(held), number(waiting))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_machines_make_one_refresh() {
    let authority = Authority::ours(Duration::ZERO).await;
    let fleet = Fleet::of(&authority).await;
    authority.front.hold(Held::Judged);
    let began = Instant::now();
    let all = fleet.start();
    until("one holds the lock and the others wait", || {
        authority.front.judged() == 1 && fleet.locks() == (1, MACHINES - 1)
    })
    .await;
    authority.front.hold(Held::No);
    let token = the_one_token(all).await;
    figures::line(
        "4 machines on PostgreSQL, no grace",
        MACHINES,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(authority.front.refreshes(), 1);
    assert!(authority.takes(&token).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_that_holds_the_lock_is_killed() {
    let authority = Authority::ours(Duration::from_secs(30)).await;
    let fleet = Fleet::of(&authority).await;
    authority.front.hold(Held::Judged);
    let (first, rest) = fleet.homes.split_first().expect("machines");
    let renewing = first.start("token work");
    until("the server has committed", || authority.front.judged() == 1).await;
    let others: Vec<Running> = rest.iter().map(|home| home.start("token work")).collect();
    until("the others wait", || fleet.locks() == (1, MACHINES - 1)).await;

    let began = Instant::now();
    assert!(renewing.kill().await, "it still waited for its answer");
    until("another one has the lock", || {
        authority.front.refreshes() == 2
    })
    .await;
    assert_eq!(fleet.locks(), (1, MACHINES - 2), "and it alone");
    authority.front.hold(Held::No);
    let token = the_one_token(others).await;
    figures::line(
        "4 machines on PostgreSQL, one killed with the lock",
        MACHINES,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(authority.front.refreshes(), 2);
    assert!(authority.takes(&token).await);
    first.run("refresh work").await.code(0);
}
