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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_there_is_no_token_yet() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    authority.profile(&home, "work", "grant = \"client_credentials\"\n");
    let _turn = turn().await;
    let token = race("200 without a token, client credentials", &authority, &home).await;
    assert!(authority.takes(&token).await);
    assert_eq!(
        home.run("token work").await.code(0).line(),
        token,
        "it was kept"
    );
}

/// A crowd on an expired token, and what becomes of the family.
async fn meet(case: &str, authority: &Authority) {
    let _turn = turn().await;
    let home = Home::new();
    authority.seed(&home, "work", -5).await;
    let token = race(case, authority, &home).await;
    assert!(authority.takes(&token).await, "it is good");

    // The family lives, and what was kept is its head.
    home.run("refresh work").await.code(0);
    let next = home.run("token work").await.code(0);
    assert!(next.line() != token && authority.takes(next.line()).await);
}

/// The token that all processes have. The server's answer is held back until every one of them has found that it needs
/// a new one.
async fn race(case: &str, authority: &Authority, home: &Home) -> String {
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
    token
}
