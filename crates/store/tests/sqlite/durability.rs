use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_store::Store as _;
use gatepass_store::contract::samples::{denied, digest, every_kind, session};
use tokio::task::JoinSet;

use super::{is_marked, mark, open, place};

/// Where the child of [`what_was_acknowledged_survives_kill_9`] writes; only a child has it.
const CHILD: &str = "GATEPASS_TEST_CHILD";
/// Which numbers it begins with.
const ROUND: &str = "GATEPASS_TEST_ROUND";
/// Numbers are this far apart from round to round.
const FIRST: u32 = 1_000_000;

#[tokio::test]
async fn what_was_committed_survives_reopening() {
    let (_folder, path) = place();
    let store = open(&path).await;
    let all: Vec<_> = every_kind().into_iter().map(Change::Insert).collect();
    store.commit(all.clone()).await.expect("committed");
    drop(store);
    let store = open(&path).await;
    for change in all {
        let verdict = store.commit(vec![change.clone()]).await;
        assert!(verdict.is_err(), "{change:?} is still there");
    }
}

#[tokio::test]
async fn closing_leaves_one_whole_file() {
    let (folder, path) = place();
    let store = open(&path).await;
    let mut commits = JoinSet::new();
    let store = Arc::new(store);
    for n in 0..200 {
        let store = Arc::clone(&store);
        commits.spawn(async move { store.commit(mark(n)).await.is_ok() });
    }
    tokio::task::yield_now().await;
    store.close().await;
    store.close().await;
    let acknowledged = commits.join_all().await;
    let files = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(files, 1, "the log went into the database");
    assert!(store.commit(mark(1000)).await.is_err(), "closed");
    assert!(store.load(&[Key::Session(digest(1))]).await.is_err());
    let store = open(&path).await;
    let mut kept = 0;
    for n in 0..200 {
        kept += usize::from(is_marked(&store, n).await);
    }
    assert_eq!(kept, acknowledged.iter().filter(|ok| **ok).count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    if let Some(path) = std::env::var_os(CHILD) {
        return child(path.as_ref()).await;
    }
    let (_folder, path) = place();
    for round in 0..3 {
        let acknowledged = commit_until_killed(&path, round);
        assert!(acknowledged.len() >= 100, "{}", acknowledged.len());
        let store = open(&path).await;
        for n in acknowledged {
            assert!(is_marked(&store, n).await, "{n} was acknowledged");
        }
        // Neither half of any commit stands alone, acknowledged or not.
        for n in (0..3000).map(|n| round * FIRST + n) {
            let session = store.load(&[Key::Session(digest(n))]).await;
            let session = session.expect("the store answers") != [None];
            assert_eq!(session, is_marked(&store, n).await, "{n}");
        }
    }
}

/// Runs this test again as [`child`] and kills it in the middle; gives back what it said was committed.
fn commit_until_killed(path: &Path, round: u32) -> Vec<u32> {
    let me = std::env::current_exe().expect("the path of this test");
    let mut child = Command::new(me)
        .args([
            "--exact",
            "durability::what_was_acknowledged_survives_kill_9",
            "--nocapture",
        ])
        .env(CHILD, path)
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
async fn child(path: &Path) {
    let round = std::env::var(ROUND).expect("started by its other half");
    let first = round.parse::<u32>().expect("a number") * FIRST;
    let store = Arc::new(open(path).await);
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in (first + task..).step_by(8) {
                let both = vec![
                    Change::Insert(Record::Denied(denied(n))),
                    Change::Insert(Record::Session(session(n))),
                ];
                store.commit(both).await.expect("committed");
                // One write, so that the lines of the tasks do not mix.
                let line = format!("committed {n}\n");
                let told = std::io::stdout().lock().write_all(line.as_bytes());
                told.expect("somebody listens");
            }
        });
    }
    tasks.join_all().await;
}
