use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use gatepass_store::{PostgresStore, Store as _};
use tokio::task::JoinSet;

use super::{database, is_marked, mark, open};

/// The address that the child of [`a_node_that_is_killed_leaves_all_or_nothing`] writes to; only a child has it.
const CHILD: &str = "GATEPASS_TEST_CHILD";
/// Which numbers it begins with.
const ROUND: &str = "GATEPASS_TEST_ROUND";
/// Numbers are this far apart from round to round.
const FIRST: u32 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_leaves_all_or_nothing() {
    if let Ok(address) = std::env::var(CHILD) {
        return child(&address).await;
    }
    let database = database();
    let store = open(&database).await;
    for round in 0..3 {
        let acknowledged = commit_until_killed(&database.url, round);
        assert!(acknowledged.len() >= 100, "{}", acknowledged.len());
        for n in acknowledged {
            assert!(is_marked(&store, n).await, "{n} was acknowledged");
        }
        // Neither half of any commit stands alone, acknowledged or not.
        for n in (0..1000).map(|n| round * FIRST + n) {
            is_marked(&store, n).await;
        }
    }
}

/// Runs this test again as [`child`] and kills it in the middle; gives back what it said was committed.
fn commit_until_killed(address: &str, round: u32) -> Vec<u32> {
    let me = std::env::current_exe().expect("the path of this test");
    let mut child = Command::new(me)
        .args([
            "--exact",
            "killed::a_node_that_is_killed_leaves_all_or_nothing",
            "--nocapture",
        ])
        .env(CHILD, address)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test starts again");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let line = line.expect("text");
        let Some(n) = line.strip_prefix("committed ") else {
            continue;
        };
        acknowledged.push(n.parse().expect("a number"));
        if acknowledged.len() == 100 {
            child.kill().expect("the child runs");
        }
    }
    child.wait().expect("the child ends");
    acknowledged
}

/// Commits from several tasks and says so each time, until it is killed.
async fn child(address: &str) {
    let round = std::env::var(ROUND).expect("started by its other half");
    let first = round.parse::<u32>().expect("a number") * FIRST;
    let store = PostgresStore::open(address).await;
    let store = Arc::new(store.expect("the database opens"));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (first + task..).step_by(8) {
                store.commit(mark(n)).await.expect("committed");
                // One write, so that the lines of the tasks do not mix.
                let line = format!("committed {n}\n");
                let told = std::io::stdout().lock().write_all(line.as_bytes());
                told.expect("somebody listens");
            }
        });
    }
    tasks.join_all().await;
}
