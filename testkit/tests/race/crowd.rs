//! Two hundred processes meet one expired token.

use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::desk::Desk;
use crate::figures;
use crate::front::Held;
use crate::home::Home;
use crate::running::{Running, the_one_token, turn, until};

const PROCESSES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_small_authority_without_grace() {
    let desk = Desk::new();
    let authority = Authority::small(&desk);
    meet("200 on a counting authority, no grace", &authority).await;
    assert!(!desk.state().dead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_our_own_server_without_grace() {
    let authority = Authority::ours(Duration::ZERO).await;
    meet("200 on our server, no grace", &authority).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_our_own_server_when_it_takes_three_seconds() {
    let authority = Authority::ours(Duration::ZERO).await;
    authority.front.take(Duration::from_secs(3));
    meet("200 on our server, no grace, 3 s", &authority).await;
}

/// The answer is held back until every process has found the token expired.
async fn meet(case: &str, authority: &Authority) {
    let _turn = turn().await;
    let home = Home::new();
    authority.seed(&home, "work", -5).await;
    authority.front.hold(Held::Judged);
    let began = Instant::now();
    let all: Vec<Running> = (0..PROCESSES).map(|_| home.start("token work")).collect();
    let lock = home.lock_file("work");
    let mut late: Vec<&Running> = all.iter().collect();
    until("all processes want a new token", || {
        late.retain(|process| !process.has_open(&lock));
        late.is_empty() && authority.front.judged() > 0
    })
    .await;
    authority.front.hold(Held::No);
    let token = the_one_token(all).await;
    figures::line(case, PROCESSES, authority.front.refreshes(), began);
    assert_eq!(authority.front.refreshes(), 1);
    assert!(authority.takes(&token).await, "and it is good");

    // The family lives, and what was kept is its head.
    let told = home.run("refresh work").await;
    told.code(0);
    let next = home.run("token work").await.code(0);
    assert!(next.line() != token && authority.takes(next.line()).await);
}
