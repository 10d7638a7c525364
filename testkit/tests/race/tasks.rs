//! Tasks and threads of one process on one session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepass_client::{Session, blocking};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::authority::Authority;
use crate::desk::Desk;
use crate::figures;
use crate::front::Held;
use crate::home::Home;
use crate::running::until;

const TASKS: usize = 50;

/// A session of a profile whose token lives so many seconds more.
async fn session(authority: &Authority, home: &Home, left: i64) -> Session {
    authority.seed(home, "work", left).await;
    Session::open(&home.profile("work"), &home.paths()).expect("a session")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_on_one_session() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    let session = session(&authority, &home, -5).await;
    authority.front.hold(Held::Judged);
    let (began, start) = (Instant::now(), Arc::new(Barrier::new(TASKS)));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (session, start) = (session.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            session.token(Duration::ZERO).await
        });
    }
    until("one asks", || authority.front.judged() > 0).await;
    authority.front.hold(Held::No);
    for token in tasks.join_all().await {
        let token = token.expect("a token");
        assert_eq!(token.access_token.expose(), "access-2");
    }
    figures::line(
        "50 tasks on one session",
        1,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(authority.front.refreshes(), 1);
    assert_eq!(home.kept("work").await.access_token.expose(), "access-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_threads_on_one_blocking_session() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    authority.seed(&home, "work", -5).await;
    let session = blocking::Session::open(&home.profile("work"), &home.paths());
    let session = session.expect("a session");
    authority.front.hold(Held::Judged);
    let (began, start) = (Instant::now(), Arc::new(std::sync::Barrier::new(TASKS)));
    let threads: Vec<_> = (0..TASKS)
        .map(|_| {
            let (session, start) = (session.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                session.token(Duration::ZERO)
            })
        })
        .collect();
    until("one asks", || authority.front.judged() > 0).await;
    authority.front.hold(Held::No);
    let tokens = tokio::task::spawn_blocking(|| {
        let tokens = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        tokens.collect::<Result<Vec<_>, _>>()
    });
    let tokens = tokens.await.expect("no panic").expect("tokens");
    assert!(
        tokens
            .iter()
            .all(|token| token.access_token.expose() == "access-2")
    );
    figures::line(
        "50 threads on one blocking session",
        1,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(authority.front.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_are_refused_and_one_renews() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    let session = session(&authority, &home, 3000).await;
    desk.state().revoked = 1;
    let (began, url) = (Instant::now(), format!("{}/api", authority.front.origin));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (session, url) = (session.clone(), url.clone());
        tasks.spawn(async move { session.get(url).send().await });
    }
    for answer in tasks.join_all().await {
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    figures::line(
        "50 requests refused with 401",
        1,
        authority.front.refreshes(),
        began,
    );
    assert_eq!(authority.front.refreshes(), 1);
}
