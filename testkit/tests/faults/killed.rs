//! SIGKILL at any moment, under load and while everything is being made.

use std::process::Stdio;

use crate::chance::Rounds;
use crate::desk::Desk;
use crate::load::Load;
use crate::server::Server;
use crate::site::Site;

/// Kills the server in the middle of a crowd, starts it again, and asks for everything that it has acknowledged.
async fn again_and_again(site: Site, mut rounds: Rounds) {
    site.furnish().await;
    let mut server = site.start().await;
    let desk = Desk::open(&site).await;
    let keys = desk.keys().await;
    while let Some(round) = rounds.another() {
        let load = Load::begin(&desk);
        load.has_done(4).await;
        tokio::time::sleep(rounds.moment(0, 700)).await;
        server.kill().await;
        let ledger = load.end().await;
        println!("round {round}: {} codes redeemed", ledger.redeemed());
        assert!(ledger.redeemed() > 0, "there was something to lose");

        server = site.start().await;
        assert_eq!(desk.keys().await, keys);
        ledger.stands(&desk).await;
        site.database.is_whole().await;
    }
    server.end().await;
    let log = site.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_sqlite_nothing_acknowledged_is_lost() {
    again_and_again(Site::sqlite(), Rounds::new(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_postgres_nothing_acknowledged_is_lost() {
    again_and_again(Site::postgres().await, Rounds::new(2)).await;
}

/// The tables, the master key and the keys under it are made at the first start; whoever is killed there leaves nothing
/// that keeps the next one from starting, and no key is made twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_that_is_killed_can_be_made_again() {
    let count = |keys: &str| keys.matches("\"kid\"").count();
    let undisturbed = Site::sqlite();
    undisturbed.furnish().await;
    let server = undisturbed.start().await;
    let usual = count(&Desk::open(&undisturbed).await.keys().await);
    server.end().await;
    let mut rounds = Rounds::new(3);
    while rounds.another().is_some() {
        let site = Site::sqlite();
        for _ in 0..3 {
            let child = site.command().stdout(Stdio::null()).spawn();
            let server = Server::around(child.expect("`gatepass` is built"));
            tokio::time::sleep(rounds.moment(0, 250)).await;
            server.kill().await;
        }
        let server = site.start().await;
        site.furnish().await;
        let desk = Desk::open(&site).await;
        let keys = desk.keys().await;
        assert_eq!(count(&keys), usual, "{keys}");
        let tokens = desk.tokens().await;
        server.kill().await;
        let server = site.start().await;
        assert_eq!(desk.keys().await, keys);
        assert!(desk.is_active(&tokens.access).await);
        site.database.is_whole().await;
        server.end().await;
    }
}
