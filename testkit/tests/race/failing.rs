//! An issuer that fails: the token that is kept stays, and nobody's browser opens.

use std::time::Instant;

use gatepass_client::tokens::StoredToken;

use crate::authority::{Authority, First, lines_at};
use crate::desk::{Desk, Trouble};
use crate::figures;
use crate::front::{Closed, Held};
use crate::home::Home;
use crate::pty::Shown;
use crate::running::until;

/// What an issuer answers, how the program ends then, and what it says.
const TROUBLES: [(Trouble, i32, &str); 6] = [
    (Trouble(500, &[], "out of order"), 3, "500"),
    (
        Trouble(503, &[("Retry-After", "7")], ""),
        3,
        "try again in 7 s",
    ),
    (
        Trouble(429, &[("Retry-After", "9")], "{}"),
        3,
        "try again in 9 s",
    ),
    (
        Trouble(
            503,
            &[],
            r#"{"error":"temporarily_unavailable","error_description":"we are moving"}"#,
        ),
        3,
        "we are moving",
    ),
    (
        Trouble(200, &[], "<html><title>Portal</title>"),
        1,
        "Portal",
    ),
    (Trouble(200, &[], r#"{"access_token":"acc"#), 1, "JSON"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_in_trouble() {
    let (desk, home) = (Desk::new(), Home::new());
    home.watch_browser();
    let authority = Authority::small(&desk);
    authority.seed(&home, "work", -5).await;
    let (before, began) = (kept(&home).await, Instant::now());
    for (n, (trouble, code, words)) in TROUBLES.into_iter().enumerate() {
        desk.state().trouble = Some(trouble);
        home.run("token work").await.code(code).complaining(words);
        assert_eq!(
            authority.front.refreshes(),
            2 * n + 1,
            "asked once: {trouble:?}"
        );
        let shown = on_terminal(&home, &format!("request {}/api", authority.front.origin)).await;
        assert_eq!(shown.code, Some(code), "{}", shown.text);
        assert!(!home.browser_was_opened(), "{trouble:?}");
        assert_eq!(kept(&home).await, before, "{trouble:?}");
    }
    desk.state().trouble = None;
    assert_eq!(home.run("token work").await.code(0).line(), "access-2");
    figures::line(
        "an issuer in six kinds of trouble, then well",
        2 * TROUBLES.len() + 1,
        authority.front.refreshes(),
        began,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_lives_is_used_meanwhile() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    let profile = authority.profile(&home, "work", "");
    for (n, (trouble, _, words)) in TROUBLES.into_iter().enumerate() {
        desk.state().trouble = Some(trouble);
        home.keep("work", &authority.token(&profile, 40)).await;
        let told = home.run("token work").await.code(0);
        assert_eq!(told.line(), "access-1");
        told.saying("could not be renewed yet");
        for _ in 0..3 {
            let told = home.run("token work").await.code(0);
            assert_eq!(told.line(), "access-1");
        }
        assert_eq!(
            authority.front.refreshes(),
            2 * n + 1,
            "who comes next leaves it alone: {trouble:?}"
        );
        let status = home.run("status work").await.code(0);
        assert!(status.stdout.contains("renewal   failed"), "{status:?}");
        let demanded = home.run("refresh work").await;
        demanded.complaining(words);
    }
    desk.state().trouble = None;
    home.run("refresh work").await.code(0);
    assert_eq!(home.run("token work").await.code(0).line(), "access-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_is_not_there() {
    let (desk, home, door) = (Desk::new(), Home::new(), Closed::reserve());
    home.watch_browser();
    let profile = home.add("work", &lines_at(&door.origin));
    home.keep("work", &First::of_desk().token(&profile, -5))
        .await;
    let (before, url) = (kept(&home).await, format!("{}/api", door.origin));
    home.run("token work")
        .await
        .code(3)
        .complaining("cannot connect");
    let shown = on_terminal(&home, &format!("request {url}")).await;
    assert_eq!(shown.code, Some(3), "{}", shown.text);
    assert!(!home.browser_was_opened());
    assert_eq!(kept(&home).await, before);

    let _authority = Authority::at(door, &desk);
    assert_eq!(home.run("token work").await.code(0).line(), "access-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_issuer_is_given_up_on_and_nothing_is_lost() {
    let (desk, home) = (Desk::new(), Home::new());
    let authority = Authority::small(&desk);
    authority.seed(&home, "work", -5).await;
    let before = home.kept("work").await;
    authority.front.hold(Held::Asked);
    let waiting = home.start("token work");
    until("it has asked", || authority.front.refreshes() == 1).await;
    waiting.interrupt();
    waiting.told().await.code(130);
    assert_eq!(home.kept("work").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_issuer_delays_nobody_else() {
    let (slow, quick, home) = (Desk::new(), Desk::new(), Home::new());
    let (slow, quick) = (Authority::small(&slow), Authority::small(&quick));
    slow.seed(&home, "slow", -5).await;
    quick.seed(&home, "quick", -5).await;
    slow.front.hold(Held::Judged);
    let began = Instant::now();
    let mut waiting = home.start("token slow");
    until("it waits", || slow.front.judged() == 1).await;
    let token = home.run("token quick").await.code(0);
    assert!(quick.takes(token.line()).await);
    assert!(
        waiting.runs() && slow.front.told() == 0,
        "the slow one is still waited for"
    );
    slow.front.hold(Held::No);
    let token = waiting.told().await.code(0);
    assert!(slow.takes(token.line()).await);
    figures::line(
        "a slow issuer beside a quick one",
        2,
        slow.front.refreshes(),
        began,
    );
}

/// What is kept, but for the note that it could not be renewed.
async fn kept(home: &Home) -> StoredToken {
    StoredToken {
        failed: None,
        ..home.kept("work").await
    }
}

/// What the program shows where a person could be asked.
async fn on_terminal(home: &Home, words: &str) -> Shown {
    let mut command = home.command(words);
    let shown = tokio::task::spawn_blocking(move || Shown::of(command.as_std_mut()));
    shown.await.expect("no panic")
}
