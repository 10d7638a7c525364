//! what is answered from a copy, and what is not.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use url::Url;

use super::{
    Mood, PLACE, TEN_MINUTES, World, files, folder, get, is, ok, reload, request, says, send,
};
use crate::{KeyCache, Transport as _};

#[tokio::test]
async fn a_fresh_copy_answers_with_its_age() {
    let world = World::new(ok(TEN_MINUTES, "{}"));
    let process = world.process(None);
    assert_eq!(get(&process).await, is("{}"));
    world.pass(599);
    let copy = process.send(request(&[])).await.expect("a copy");
    assert_eq!((copy.body().as_slice(), world.asked()), (&b"{}"[..], 1));
    assert_eq!(copy.headers()["age"], "599");
    assert_eq!(copy.headers()["content-type"], "application/json");
    assert!(!copy.headers().contains_key("set-cookie"));
    world.pass(1);
    world.becomes(ok(TEN_MINUTES, r#"{"b":1}"#));
    assert_eq!(get(&process).await, is(r#"{"b":1}"#));
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn an_old_copy_is_revalidated() {
    const TAGGED: &[(&str, &str)] = &[
        ("cache-control", "max-age=600"),
        ("etag", "W/\"one\""),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("age", "100"),
    ];
    const STILL: &[(&str, &str)] = &[("cache-control", "max-age=1200"), ("etag", "\"two\"")];
    let (world, folder) = (World::new(ok(TAGGED, r#"{"a":1}"#)), folder());
    assert_eq!(
        get(&world.process(Some(&folder))).await,
        is(r#"{"a":1}"#),
        "the first"
    );
    assert_eq!(world.heard("if-none-match"), None);
    world.pass(500);
    world.becomes(Mood::Answers(304, STILL, String::new()));
    let process = world.process(Some(&folder));
    assert_eq!(get(&process).await, is(r#"{"a":1}"#));
    assert_eq!(world.heard("if-none-match").as_deref(), Some("W/\"one\""));
    assert_eq!(
        world.heard("if-modified-since").as_deref(),
        Some("Thu, 01 Jan 2026 00:00:00 GMT")
    );
    world.pass(1199);
    assert_eq!(get(&process).await, is(r#"{"a":1}"#));
    assert_eq!(get(&world.process(Some(&folder))).await, is(r#"{"a":1}"#));
    assert_eq!(
        world.asked(),
        2,
        "the new lifetime counts, without the old age"
    );
    world.pass(1);
    assert_eq!(get(&process).await, is(r#"{"a":1}"#));
    assert_eq!(world.heard("if-none-match").as_deref(), Some("\"two\""));

    let unasked = World::new(Mood::Answers(304, &[], String::new()));
    let outcome = get(&unasked.process(None)).await;
    assert_eq!(
        outcome,
        Ok((304, String::new())),
        "there is nothing to renew"
    );
}

#[tokio::test]
async fn processes_share_a_folder() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    let running = world.process(Some(&folder));
    for _ in 0..3 {
        assert_eq!(get(&world.process(Some(&folder))).await, is("{}"));
    }
    assert_eq!(get(&running).await, is("{}"));
    assert_eq!((world.asked(), files(&folder).len()), (1, 1));

    world.pass(600);
    world.becomes(ok(TEN_MINUTES, r#"{"b":1}"#));
    assert_eq!(get(&world.process(Some(&folder))).await, is(r#"{"b":1}"#));
    assert_eq!(
        get(&running).await,
        is(r#"{"b":1}"#),
        "it looks there first"
    );
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_reload_asks_but_not_in_a_flood_of_processes() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    let running = world.process(Some(&folder));
    assert_eq!(get(&running).await, is("{}"));
    world.becomes(ok(TEN_MINUTES, r#"{"b":1}"#));
    world.pass(29);
    assert_eq!(reload(&running).await, is("{}"));
    assert_eq!(reload(&world.process(Some(&folder))).await, is("{}"));
    world.pass(1);
    assert_eq!(
        reload(&world.process(Some(&folder))).await,
        is(r#"{"b":1}"#)
    );
    assert_eq!(world.heard("cache-control").as_deref(), Some("no-cache"));
    assert_eq!(reload(&running).await, is(r#"{"b":1}"#));
    assert_eq!(get(&running).await, is(r#"{"b":1}"#));
    assert_eq!(world.asked(), 2);

    world.pass(30);
    world.becomes(Mood::Down);
    assert_eq!(reload(&running).await, is(r#"{"b":1}"#));
    assert_eq!(reload(&running).await, is(r#"{"b":1}"#));
    assert_eq!(world.asked(), 3);
}

#[tokio::test]
async fn an_old_copy_serves_while_the_server_is_down() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    let running = world.process(Some(&folder));
    assert_eq!(get(&running).await, is("{}"));
    world.pass(600);
    let mut asked = 1;
    for mood in [Mood::Down, says(500), says(503), says(429)] {
        world.becomes(mood);
        asked += 1;
        for _ in 0..3 {
            assert_eq!(get(&running).await, is("{}"));
            let other = world.process(Some(&folder));
            assert_eq!(get(&other).await, is("{}"), "which leaves it alone, too");
        }
        assert_eq!(world.asked(), asked);
        world.pass(30);
    }
    world.becomes(says(403));
    let forbidden = Ok((403, "a page".to_owned()));
    assert_eq!(get(&running).await, forbidden, "an answer is an answer");
    world.becomes(Mood::Down);
    world.pass(24 * 60 * 60);
    assert_eq!(get(&running).await, Err("down".into()), "not for ever");
    let other = get(&world.process(Some(&folder))).await.expect_err("down");
    assert!(!other.contains("keys"), "no path in {other}");
    world.pass(30);
    world.becomes(ok(&[], r#"{"c":1}"#));
    assert_eq!(get(&running).await, is(r#"{"c":1}"#));
}

#[tokio::test]
async fn a_server_that_is_down_from_the_start_is_left_alone() {
    let world = World::new(Mood::Down);
    let process = world.process(None);
    assert_eq!(get(&process).await, Err("down".into()));
    world.becomes(says(502));
    assert_eq!(get(&process).await, Err("down".into()));
    world.pass(30);
    assert_eq!(get(&process).await, Ok((502, "a page".into())));
    assert_eq!(get(&process).await, Ok((502, "a page".into())));
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_not_there_for_a_minute() {
    let (world, folder) = (World::new(says(404)), folder());
    let nothing = Ok((404, String::new()));
    assert_eq!(get(&world.process(Some(&folder))).await, nothing);
    world.pass(59);
    assert_eq!(get(&world.process(Some(&folder))).await, nothing);
    assert_eq!(world.asked(), 1);
    world.pass(1);
    world.becomes(Mood::Down);
    let process = world.process(Some(&folder));
    assert_eq!(get(&process).await, Err("down".into()), "no longer");
    world.pass(30);
    world.becomes(ok(&[], "{}"));
    assert_eq!(get(&process).await, is("{}"));
}

#[tokio::test]
async fn what_must_not_be_stored_is_not() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, r#"{"a":1}"#)), folder());
    let process = world.process(Some(&folder));
    assert_eq!(get(&process).await, is(r#"{"a":1}"#));
    assert_eq!(files(&folder).len(), 1);
    world.pass(600);
    world.becomes(ok(&[("cache-control", "private, no-store")], r#"{"b":1}"#));
    assert_eq!(get(&process).await, is(r#"{"b":1}"#));
    assert!(files(&folder).is_empty(), "nor is what was there before");
    world.pass(59);
    assert_eq!(get(&process).await, is(r#"{"b":1}"#));
    assert_eq!(world.asked(), 2, "a minute in memory");
}

#[tokio::test]
async fn what_is_no_document_is_handed_on_and_forgotten() {
    for mood in [
        ok(TEN_MINUTES, "<html>log in first</html>"),
        ok(TEN_MINUTES, "[]"),
        ok(TEN_MINUTES, "{\"cut\": "),
        ok(
            TEN_MINUTES,
            &format!("{{\"x\":\"{}\"}}", "y".repeat(256 * 1024)),
        ),
        says(302),
        says(401),
        says(204),
    ] {
        let (world, folder) = (World::new(mood.clone()), folder());
        let process = world.process(Some(&folder));
        let Mood::Answers(status, _, body) = mood else {
            panic!("an answer")
        };
        for _ in 0..2 {
            assert_eq!(get(&process).await, Ok((status, body.clone())));
        }
        assert_eq!((world.asked(), files(&folder).len()), (2, 0), "{status}");
    }
}

#[tokio::test]
async fn requests_that_could_be_somebodys_own_pass_untouched() {
    let (world, folder) = (World::new(ok(TEN_MINUTES, "{}")), folder());
    let process = world.process(Some(&folder));
    let mut count = 0;
    for headers in [
        ("authorization", "Bearer x"),
        ("cookie", "a=b"),
        ("x-api-key", "x"),
        ("if-none-match", "\"mine\""),
        ("range", "bytes=0-1"),
        ("cache-control", "no-store"),
    ] {
        for _ in 0..2 {
            assert_eq!(send(&process, &[headers]).await, is("{}"));
            count += 1;
            assert_eq!(world.heard(headers.0).as_deref(), Some(headers.1));
        }
    }
    for method in [Method::POST, Method::HEAD, Method::DELETE] {
        let mut request = request(&[]);
        *request.method_mut() = method;
        process.send(request).await.expect("an answer");
        count += 1;
    }
    let mut with_body = request(&[]);
    *with_body.body_mut() = b"{}".to_vec();
    let answer = process.send(with_body).await.expect("an answer");
    assert!(answer.headers().contains_key("set-cookie"));
    assert_eq!((world.asked(), files(&folder).len()), (count + 1, 0));
}

#[tokio::test]
async fn many_ask_and_one_request_leaves() {
    for mood in [ok(TEN_MINUTES, "{}"), Mood::Down] {
        let world = World::slow(mood, Duration::from_millis(30));
        let process = Arc::new(world.process(None));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let process = process.clone();
            tasks.spawn(async move { get(&process).await });
        }
        let all = tasks.join_all().await;
        assert!(all.iter().all(|outcome| outcome == &all[0]), "{all:?}");
        assert_eq!(world.asked(), 1);
    }
}

#[tokio::test]
async fn an_unknown_kid_gets_through_to_the_server() {
    let keys = |kid: &str| {
        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{kid}","x":"{x}","y":"{y}"}}]}}"#)
    };
    let (world, folder) = (World::new(ok(TEN_MINUTES, &keys("one"))), folder());
    let (process, cache) = (world.process(Some(&folder)), KeyCache::new());
    let url: Url = PLACE.parse().expect("a URL");
    let has = async |kid: &str| {
        let set = cache.keys(&url, Some(kid), &process, &*world).await;
        set.expect("keys").has(kid)
    };
    assert!(has("one").await);
    world.pass(30);
    world.becomes(ok(TEN_MINUTES, &keys("two")));
    assert!(has("two").await);
    for n in 0..20 {
        assert!(!has(&format!("invented-{n}")).await);
    }
    assert_eq!(world.asked(), 2);
}
