//! temporary
use std::sync::Arc;
use std::time::Instant;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_store::contract::samples::*;
use gatepass_store::{SqliteStore, Store};
use gatepass_proto::{UserId};

fn main() {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(std::env::var("W").ok().and_then(|w| w.parse().ok()).unwrap_or(2)).enable_all().build().expect("rt");
    rt.block_on(async { tokio::spawn(go()).await.expect("ok") });
}
async fn go() {
    let dir = std::env::args().nth(1).expect("dir");
    let dir = tempfile::tempdir_in(dir).expect("dir");
    let path = dir.path().join("x.db");
    let t = Instant::now();
    let store = Arc::new(SqliteStore::open(&path).await.expect("open"));
    eprintln!("open new {:?}", t.elapsed());
    for r in every_kind() { store.commit(vec![Change::Insert(r)]).await.expect("c"); }
    for (name, keys) in [("client", vec![Key::Client(client(1).client_id)]), ("user", vec![Key::User(UserId::new("us_00000001"))]), ("missing", vec![Key::Denied("zz".into())]),("session", vec![Key::Session(digest(1))]),
        ("2 keys", vec![Key::Grant(grant_id(1)), Key::Denied("zz".into())]), ("3 keys", vec![Key::Client(client(1).client_id), Key::Code(digest(1)), Key::Grant(grant_id(1))])] {
        let t = Instant::now(); let mut n = 0;
        while t.elapsed().as_millis() < 1500 { for _ in 0..50 { store.load(&keys).await.expect("l"); n += 1; } }
        eprintln!("load {name}: {:.0}/s one task", f64::from(n) / t.elapsed().as_secs_f64());
    }
    let t = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..16 { let store = store.clone(); set.spawn(async move { for _ in 0..1000 { store.load(&[Key::Client(client(1).client_id)]).await.expect("l"); } }); }
    set.join_all().await;
    eprintln!("load client, 16 tasks: {:.0}/s", 16000.0 / t.elapsed().as_secs_f64());
    let t = Instant::now(); let mut n = 0u32;
    while t.elapsed().as_millis() < 2000 { n += 1; store.commit(vec![Change::Insert(Record::Denied(denied(100_000 + n)))]).await.expect("c"); }
    eprintln!("commit 1 task: {:.0}/s", f64::from(n) / t.elapsed().as_secs_f64());
    for tasks in [10u32, 50, 200] {
        let t = Instant::now();
        let mut set = tokio::task::JoinSet::new();
        for task in 0..tasks { let store = store.clone(); set.spawn(async move { for i in 0..100 {
            let n = 1_000_000 * tasks + task * 1000 + i;
            store.commit(vec![Change::Insert(Record::Denied(denied(n))), Change::Insert(Record::Session(session(n)))]).await.expect("c"); } }); }
        set.join_all().await;
        eprintln!("commit (2 changes) {tasks} tasks: {:.0}/s", f64::from(tasks * 100) / t.elapsed().as_secs_f64());
    }
    store.close().await;
    let t = Instant::now();
    let store = SqliteStore::open(&path).await.expect("open");
    store.load(&[Key::Session(digest(1))]).await.expect("l");
    eprintln!("reopen + first load {:?}, file {} bytes", t.elapsed(), std::fs::metadata(&path).expect("m").len());
}
