//! SIGTERM under load.

use crate::chance::Rounds;
use crate::desk::Desk;
use crate::ledger::{Fate, Login};
use crate::load::Load;
use crate::site::Site;

/// Requests under way are answered, nothing is done of which nobody hears, and everything lies in one whole file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_end_loses_nothing() {
    let site = Site::sqlite();
    site.furnish().await;
    let mut server = site.start().await;
    let desk = Desk::open(&site).await;
    let mut rounds = Rounds::new(2);
    while rounds.another().is_some() {
        let load = Load::begin(&desk);
        load.has_done(4).await;
        tokio::time::sleep(rounds.moment(0, 500)).await;
        server.tell_to_end();
        let status = server.ended().await;
        assert!(status.success(), "{status}: {}", site.log());
        let mut ledger = load.end().await;
        assert!(ledger.redeemed() > 0, "there was something to lose");
        assert!(!site.path("gatepass.db-wal").exists());

        server = site.start().await;
        for login in &ledger.logins {
            login.nothing_was_done_silently(&desk).await;
        }
        ledger.logins.retain(was_told);
        ledger.stands(&desk).await;
        site.database.is_whole().await;
    }
    server.end().await;
    assert_eq!(site.log(), "");
}

/// Whether its requests were answered.
fn was_told(login: &Login) -> bool {
    login.redeemed != Fate::Maybe && login.revoked != Fate::Maybe
}
