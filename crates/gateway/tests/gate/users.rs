//! Names and passwords of the settings, for callers that can do nothing better.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::json;

use crate::wire::Said;
use crate::world::World;

const ALONE: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n\
                     proxies = { trusted = [\"127.0.0.1\"] }\n\
                     [[rule]]\npath = \"/public/**\"\naccess = \"open\"\n\
                     [[rule]]\npath = \"/things/**\"\nscope = \"read\"\n\
                     [[rule]]\npath = \"/admin/**\"\nscope = \"admin\"\n";
const ISSUER: &str = "[[issuer]]\nissuer = \"@ISSUER@\"\n";
pub(crate) const PASSWORD: &str = "correct horse";
/// Of [`PASSWORD`], made by another program, and cheap.
const HASH: &str =
    "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHQxMjM0$1tgxQ0wLbhWTYb9Jdujp4ZZT0UCkmFsy04ATjf1yiU8";
/// How many wrong guesses in a row a name has, and an address.
const OF_A_NAME: usize = 10;
const OF_AN_ADDRESS: usize = 100;

/// The table of a user, as an operator has it.
pub(crate) fn table(name: &str) -> String {
    format!("[[user]]\nname = \"{name}\"\nscope = \"read write\"\npassword_hash = \"{HASH}\"\n")
}

/// The header line of a name and a password.
pub(crate) fn basic(name: &str, password: &str) -> String {
    format!(
        "Authorization: Basic {}",
        STANDARD.encode(format!("{name}:{password}"))
    )
}

async fn alone(tables: &str) -> World {
    let world = World::usual().await;
    reload(&world, tables).await;
    world
}

async fn reload(world: &World, tables: &str) {
    let text = format!("{ALONE}{tables}");
    world.reload(&text).await.expect("reloaded");
}

/// What is said to somebody who sends these from this address.
async fn ask(world: &World, name: &str, password: &str, from: &str) -> Said {
    let from = format!("X-Forwarded-For: {from}");
    world.send("GET /x", &[&basic(name, password), &from]).await
}

async fn status(world: &World, name: &str, password: &str) -> u16 {
    ask(world, name, password, "192.0.2.1").await.status
}

/// So many wrong guesses at a name, which are all looked at.
async fn guess(world: &World, name: &str, count: usize, from: &str) {
    for n in 0..count {
        let said = ask(world, name, &format!("guess {n}"), from).await;
        assert_eq!(said.status, 401, "{n}: {said:?}");
    }
}

#[tokio::test]
async fn a_password_passes_in_place_of_a_token_and_goes_no_further() {
    let tables = table("nightly") + &table("Jörg");
    let world = World::with_tables(&tables).await;
    for (name, told) in [("nightly", "nightly"), ("Jörg", "J%C3%B6rg")] {
        let credentials = basic(name, PASSWORD);
        let forged = "X-Gatepass-Username: forged";
        for line in ["GET /things/1", "POST /things/1"] {
            let said = world.send(line, &[&credentials, forged]).await;
            assert_eq!(said.status, 200, "{said:?}");
            let seen = said.json();
            for (header, value) in [
                ("x-gatepass-subject", json!(told)),
                ("x-gatepass-username", json!(told)),
                ("x-gatepass-scope", json!("read write")),
                ("x-gatepass-scheme", json!("basic")),
                ("x-gatepass-issuer", json!(null)),
                ("authorization", json!(null)),
            ] {
                assert_eq!(seen["headers"][header], value, "{header}: {said:?}");
            }
        }
        let said = world.send("GET /admin", &[&credentials]).await;
        assert_eq!(
            (said.status, said.error()),
            (403, "insufficient_scope".to_owned())
        );
        // Where nobody is asked for anything the password goes no further either.
        let said = world.send("GET /public", &[&credentials]).await;
        assert_eq!(said.json()["headers"]["authorization"], json!(null));
    }
    // Tokens are taken as before.
    assert_eq!(world.ask("GET /things/1", "read").await.status, 200);
}

#[tokio::test]
async fn an_api_that_gets_credentials_gets_the_password() {
    let tables = table("nightly") + "[identity]\npass_authorization = true\n";
    let world = World::with_tables(&tables).await;
    let credentials = basic("nightly", PASSWORD);
    let said = world.send("GET /things/1", &[&credentials]).await;
    let (_, sent) = credentials.split_once(": ").expect("a header");
    assert_eq!(said.json()["headers"]["authorization"], sent);
}

#[tokio::test]
async fn whoever_comes_without_is_asked_for_a_password() {
    let password = r#"Basic realm="gatepass", charset="UTF-8""#;
    let world = alone(&table("nightly")).await;
    let said = world.send("GET /things/1", &[]).await;
    assert_eq!(
        (said.status, said.error()),
        (401, "unauthorized".to_owned())
    );
    assert_eq!(said.header("www-authenticate"), Some(password));
    // Beside tokens, programs that are led by metadata read of those first.
    reload(&world, &format!("{ISSUER}{}", table("nightly"))).await;
    let said = world.send("GET /things/1", &[]).await;
    let challenges: Vec<&str> = said.all("www-authenticate").collect();
    let [bearer, _, last] = challenges.as_slice() else {
        panic!("three challenges: {challenges:?}");
    };
    assert!(bearer.starts_with("Bearer "), "{bearer}");
    assert_eq!(*last, password);
    // Without users nobody is asked for one, and none is taken.
    reload(&world, ISSUER).await;
    let said = ask(&world, "nightly", PASSWORD, "192.0.2.1").await;
    assert_eq!(said.status, 401);
    assert!(
        said.all("www-authenticate")
            .all(|own| !own.starts_with("Basic"))
    );
}

#[tokio::test]
async fn what_is_wrong_is_not_said() {
    let world = alone(&(table("nightly") + &table("other"))).await;
    let wrong = ask(&world, "nightly", "wrong", "192.0.2.1").await;
    assert_eq!(
        (wrong.status, wrong.error()),
        (401, "unauthorized".to_owned())
    );
    let endless = "x".repeat(2000);
    for (name, password) in [
        ("nobody", PASSWORD),
        ("Nightly", PASSWORD),
        ("nightly ", PASSWORD),
        ("", PASSWORD),
        (&*"n".repeat(300), PASSWORD),
        ("nightly", ""),
        ("nightly", "Correct horse"),
        ("nightly", "correct horse:"),
        ("nightly", HASH),
        ("nightly", &endless),
    ] {
        let said = ask(&world, name, password, "192.0.2.1").await;
        assert_eq!((said.status, &said.body), (401, &wrong.body), "{name}");
        let challenges: Vec<&str> = said.all("www-authenticate").collect();
        let expected: Vec<&str> = wrong.all("www-authenticate").collect();
        assert_eq!(challenges, expected, "{name}");
    }
    for malformed in ["Basic", "Basic %%%", "Basic bm8gY29sb24="] {
        let line = format!("Authorization: {malformed}");
        let said = world.send("GET /x", &[&line]).await;
        assert_eq!(
            (said.status, said.error()),
            (400, "invalid_request".to_owned()),
            "{malformed}"
        );
    }
    let twice = basic("nightly", PASSWORD);
    let said = world.send("GET /x", &[&twice, &twice]).await;
    assert_eq!(said.status, 400, "{said:?}");
}

/// Whether the name is somebody's, or nobody's.
#[tokio::test]
async fn parallel_guesses_are_counted_exactly() {
    let world = alone(&table("nightly")).await;
    for name in ["nightly", "nobody"] {
        let words: Vec<String> = (0..40).map(|n| format!("guess {n}")).collect();
        let guesses = words
            .iter()
            .map(|word| ask(&world, name, word, "192.0.2.1"));
        let said = join_all(guesses).await;
        let count = |status| said.iter().filter(|said| said.status == status).count();
        assert_eq!((count(401), count(429)), (OF_A_NAME, 30), "{name}");
        let refused = said.iter().find(|said| said.status == 429);
        let refused = refused.expect("throttled");
        assert_eq!(refused.error(), "temporarily_unavailable");
        let wait = refused.header("retry-after").expect("a time to wait");
        let wait: u64 = wait.parse().expect("seconds");
        assert!((1..=30).contains(&wait), "{wait}");
        // The right one is not looked at either, from wherever it comes.
        let said = ask(&world, name, PASSWORD, "198.51.100.1").await;
        assert_eq!(said.status, 429, "{name}");
    }
    // Nobody else is kept waiting.
    assert_eq!(status(&world, "another", "guess").await, 401);
}

/// Many programs that know the password and start at one moment are no guesses.
#[tokio::test]
async fn the_right_password_is_no_guess_however_often_it_comes() {
    let world = alone(&table("nightly")).await;
    let asks = (0..40).map(|_| status(&world, "nightly", PASSWORD));
    let said = join_all(asks).await;
    assert!(said.iter().all(|status| *status == 200), "{said:?}");
    // A right one takes back the wrong ones before it.
    guess(&world, "nightly", OF_A_NAME - 1, "192.0.2.1").await;
    reload(&world, &(table("nightly") + &table("other"))).await;
    assert_eq!(status(&world, "nightly", PASSWORD).await, 200);
    guess(&world, "nightly", OF_A_NAME, "192.0.2.1").await;
    assert_eq!(status(&world, "nightly", "guess").await, 429);
    // Who was in a moment ago is not shut out by whoever guesses.
    assert_eq!(status(&world, "nightly", PASSWORD).await, 200);
}

#[tokio::test]
async fn a_walk_through_names_ends_for_the_network() {
    let world = alone(&table("nightly")).await;
    // An IPv6 subscriber has many addresses.
    for n in 0..OF_AN_ADDRESS {
        let from = format!("2001:db8::{n:x}");
        let said = ask(&world, &format!("name {n}"), "guess", &from).await;
        assert_eq!(said.status, 401, "{n}");
    }
    for name in ["nightly", "yet another"] {
        let said = ask(&world, name, PASSWORD, "2001:db8::ffff").await;
        assert_eq!(said.status, 429, "{name}");
    }
    let said = ask(&world, "nightly", PASSWORD, "2001:db8:0:1::1").await;
    assert_eq!(said.status, 200, "{said:?}");
}

#[tokio::test]
async fn new_settings_do_not_forget_who_guessed() {
    let world = alone(&table("nightly")).await;
    guess(&world, "nightly", OF_A_NAME, "192.0.2.1").await;
    guess(&world, "nobody", OF_A_NAME - 1, "192.0.2.1").await;
    let elsewhere = ALONE.replace("api.example.com", "other.example.com");
    for text in [
        format!("{ALONE}{}", table("nightly")),
        format!("{ALONE}{ISSUER}{}{}", table("other"), table("nightly")),
        format!("{ALONE}{ISSUER}"),
        format!("{elsewhere}{}", table("nightly") + &table("nobody")),
    ] {
        world.reload(&text).await.expect("reloaded");
    }
    assert_eq!(status(&world, "nightly", PASSWORD).await, 429);
    assert_eq!(status(&world, "nobody", "the tenth").await, 401);
    assert_eq!(status(&world, "nobody", PASSWORD).await, 429);
}

#[tokio::test]
async fn a_password_whose_table_goes_is_refused_at_once() {
    let world = alone(&(table("one") + &table("other"))).await;
    let both = async || {
        (
            status(&world, "one", PASSWORD).await,
            status(&world, "other", PASSWORD).await,
        )
    };
    assert_eq!(both().await, (200, 200));
    // Another password: of a hash that is nothing's.
    let last = HASH.replace("1tgx", "AAAA");
    reload(
        &world,
        &(table("one") + &table("other").replace(HASH, &last)),
    )
    .await;
    assert_eq!(both().await, (200, 401));
    reload(&world, &table("other")).await;
    assert_eq!(both().await, (401, 200));
    reload(&world, "").await;
    assert_eq!(both().await, (401, 401));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let world = alone(&table("nightly")).await;
    let good = table("other");
    for (tables, said) in [
        (good.replace("m=256", "m=4194304"), "costs too much"),
        (good.replace("m=256", "m=65537"), "costs too much"),
        (good.replace("t=3", "t=4294967295"), "costs too much"),
        (good.replace("p=2", "p=17"), "costs too much"),
        (good.replace("argon2id", "argon2d"), "expected the Argon2id"),
        (good.replace(HASH, "hunter2"), "expected the Argon2id"),
        (
            good.replace(
                "$1tgxQ0wLbhWTYb9Jdujp4ZZT0UCkmFsy04ATjf1yiU8",
                "$1tgxQ0wLbhWTYQ",
            ),
            "too short",
        ),
        (good.replace("password_hash", "password"), "unknown setting"),
        (good.replace("other", "a:b"), "user.name: "),
        (good.replace("other", "a\\nb"), "user.name: "),
        (good.replace("other", ""), "user.name: "),
        (format!("{good}{good}"), "two of them are called"),
    ] {
        let text = format!("{ALONE}{tables}");
        let error = world.reload(&text).await.expect_err(said);
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(status(&world, "nightly", PASSWORD).await, 200, "{said}");
    }
}

/// A browser sends the password that it has remembered along with whatever any page asks for.
#[tokio::test]
async fn no_page_of_another_site_acts_with_a_remembered_password() {
    let pages = "[cors]\norigins = [\"https://app.example.com\"]\n";
    let world = alone(&(table("nightly") + pages)).await;
    let credentials = basic("nightly", PASSWORD);
    for (line, page, status) in [
        ("POST /things/1", "Origin: https://evil.example", 403),
        ("DELETE /things/1", "Origin: null", 403),
        ("POST /things/1", "Sec-Fetch-Site: cross-site", 403),
        ("POST /things/1", "Sec-Fetch-Site: same-site", 403),
        ("GET /things/1", "Origin: https://evil.example", 200),
        ("POST /things/1", "Origin: https://api.example.com", 200),
        ("POST /things/1", "Origin: https://app.example.com", 200),
        ("POST /things/1", "Sec-Fetch-Site: same-origin", 200),
        ("POST /things/1", "Accept: */*", 200),
    ] {
        let said = world.send(line, &[&credentials, page]).await;
        assert_eq!(said.status, status, "{line} {page}: {said:?}");
        if status == 403 {
            assert_eq!(said.error(), "access_denied");
        }
    }
    // Such a page cannot guess either, or have a name closed.
    let wrong = basic("nightly", "wrong");
    for _ in 0..2 * OF_A_NAME {
        let page = "Origin: https://evil.example";
        let said = world.send("POST /x", &[&wrong, page]).await;
        assert_eq!(said.status, 403);
    }
    assert_eq!(status(&world, "nightly", "guess").await, 401);
    // A token is nothing that browsers remember.
    reload(&world, &format!("{ISSUER}{}", table("nightly"))).await;
    let page = "Origin: https://evil.example";
    let said = world
        .send("POST /things/1", &[&world.bearer("read"), page])
        .await;
    assert_eq!(said.status, 200, "{said:?}");
}
