//! A disk that fills up under a running server.

use crate::database::Database;
use crate::desk::{self, Desk, Tokens, about, redemption, refresh, registration};
use crate::disk::Disk;
use crate::site::PERSON;
use crate::wire::{Answer, Call};

/// Asserts that nothing was given.
fn unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    for given in ["access_token", "refresh_token", "client_secret", "code="] {
        assert!(!format!("{answer:?}").contains(given), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_gives_nothing_and_takes_nothing() {
    for disk in Disk::all() {
        survived(&disk).await;
    }
}

async fn survived(disk: &Disk) {
    let site = disk.site().await;
    let server = site.start().await;
    let desk = Desk::open(&site).await;
    let (keys, code) = (desk.keys().await, desk.code().await.expect("a code"));
    let (revoked, mut kept) = (desk.tokens().await, desk.tokens().await);
    let consent = desk.consent().await.expect("a page");

    disk.fill(&site, &server);
    // What is left of the last pages is used up.
    loop {
        let answer = desk.ask(refresh(&kept.refresh)).await;
        if answer.status == 503 {
            break;
        }
        kept = Tokens::of(&answer);
    }
    for call in [
        redemption(&code),
        refresh(&kept.refresh),
        refresh(&revoked.refresh),
        about("/oauth/revoke", &revoked.refresh),
        about("/oauth/revoke", &revoked.access),
        registration(),
        consent.clone(),
    ] {
        unavailable(&desk.ask(call).await);
    }
    // A guess that cannot be counted is not looked at.
    for password in [PERSON.1, "wrong"] {
        unavailable(&desk::login(&site, password).await);
    }
    assert!(desk.is_active(&kept.access).await, "reading goes on");
    assert!(desk.is_active(&revoked.access).await);
    assert_eq!(desk.keys().await, keys);
    let metadata = Call::get("/.well-known/oauth-authorization-server");
    assert_eq!(desk.ask(metadata).await.status, 200);

    disk.free(&site, &server);
    Tokens::of(&desk.ask(redemption(&code)).await);
    desk.ask(redemption(&code))
        .await
        .refused(400, "invalid_grant");
    kept = Tokens::of(&desk.ask(refresh(&kept.refresh)).await);
    desk.ask(about("/oauth/revoke", &revoked.refresh))
        .await
        .good();
    assert!(!desk.is_active(&revoked.access).await);
    assert_eq!(desk.ask(registration()).await.status, 201);
    let back = desk.ask(consent).await.location();
    let code = back.get("code").expect("a code").to_owned();
    Tokens::of(&desk.ask(redemption(&code)).await);
    assert_eq!(desk::login(&site, PERSON.1).await.status, 303);

    let seen = disk.seen(&site, &server).join("gatepass.db");
    Database::Sqlite(seen).is_whole().await;
    assert!(desk.is_active(&kept.access).await);
    server.end().await;
    let log = site.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(log.contains("changes were not written"), "{log}");
}
