//! A renewed token that cannot be written: this process has it all the same, and says what happened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::desk::{Desk, Trouble};
use crate::figures;
use crate::home::Home;
use crate::running::{Running, Told};

const UNSAVED: &str = "could not be saved";

/// A home whose token has expired, and the lock's file of an earlier renewal.
async fn home(authority: &Authority) -> Home {
    let home = Home::new();
    authority.seed(&home, "work", 600).await;
    home.run("refresh work").await.code(0);
    let mut token = home.kept("work").await;
    token.expires_at = Some(token.obtained_at);
    home.keep("work", &token).await;
    home
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk() {
    let authority = Authority::ours(Duration::from_secs(30)).await;
    let home = home(&authority).await;
    let (before, began, asked) = (home.state(), Instant::now(), authority.front.refreshes());
    let mut tokens = Vec::new();
    // Nothing can be written; then the beginning of a file.
    for blocks in [0, 1] {
        let told = on_full_disk(&home, blocks).await.code(0);
        tokens.push(told.line().to_owned());
        told.saying(UNSAVED).saying("File too large");
        assert_eq!(
            home.state(),
            before,
            "nothing changed, and nothing is left over"
        );
    }
    // The disk has room again, and the grace still runs.
    let told = home.run("token work").await.code(0);
    tokens.push(told.line().to_owned());
    assert!(told.stderr.is_empty(), "{told:?}");
    for token in tokens {
        assert!(authority.takes(&token).await);
    }
    let refreshes = authority.front.refreshes() - asked;
    figures::line("a full disk, twice, then room", 3, refreshes, began);
    home.run("refresh work").await.code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_to() {
    let authority = Authority::ours(Duration::from_secs(30)).await;
    let home = home(&authority).await;
    let (before, began, asked) = (home.state(), Instant::now(), authority.front.refreshes());
    let told = sealed_off(&home, &home.paths().tokens()).await.code(0);
    let token = told.line().to_owned();
    told.saying(UNSAVED).saying("Permission denied");
    assert_eq!(home.state(), before);
    assert!(authority.takes(&token).await);
    assert!(
        authority
            .takes(home.run("token work").await.code(0).line())
            .await
    );
    let refreshes = authority.front.refreshes() - asked;
    figures::line(
        "a read-only folder, then a writable one",
        2,
        refreshes,
        began,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_which_nothing_can_be_locked() {
    let authority = Authority::ours(Duration::from_secs(30)).await;
    let home = home(&authority).await;
    fs::remove_file(home.lock_file("work")).expect("removed");
    let (before, asked) = (home.state(), authority.front.refreshes());
    let told = sealed_off(&home, &home.paths().tokens()).await.code(1);
    told.complaining("work.lock: Permission denied");
    assert_eq!(home.state(), before);
    assert_eq!(authority.front.refreshes(), asked, "nothing is spent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_lives_is_used_where_nothing_can_be_locked() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    authority.seed(&home, "work", 40).await;
    let told = sealed_off(&home, &home.paths().tokens()).await.code(0);
    assert_eq!((told.line(), authority.front.refreshes()), ("access-1", 0));
    told.saying("could not be renewed yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_refresh_token_on_a_full_disk() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    desk.state().trouble = Some(Trouble(400, &[], r#"{"error":"invalid_grant"}"#));
    authority.seed(&home, "work", 40).await;
    let told = on_full_disk(&home, 0).await.code(0);
    assert_eq!(told.line(), "access-1", "it lives");
    let before = home.state();
    let mut token = home.kept("work").await;
    token.expires_at = Some(token.obtained_at);
    home.keep("work", &token).await;
    on_full_disk(&home, 0)
        .await
        .code(4)
        .complaining("gatepass login work");
    assert_eq!(before.len(), home.state().len(), "nothing is left over");
}

/// `gatepass token work` when a file can have so many blocks: as a write to a full disk, one beyond the limit fails,
/// where its signal is ignored.
async fn on_full_disk(home: &Home, blocks: u32) -> Told {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = home.program(&["sh", "-c", &script], "token work");
    Running::of(&mut command).told().await
}

/// `gatepass token work` while nothing can be written to this folder, by root neither.
async fn sealed_off(home: &Home, folder: &Path) -> Told {
    let mode =
        |mode| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("changed");
    let starter: &[&str] = match rustix::process::geteuid().is_root() {
        true => &["setpriv", "--bounding-set=-dac_override,-dac_read_search"],
        false => &[],
    };
    mode(0o500);
    let mut command = home.program(starter, "token work");
    let told = Running::of(&mut command).told().await;
    mode(0o700);
    told
}
