//! Authorization requests whose client and redirect URI are right: what is wrong with the rest goes back through
//! the browser, with `state` and `iss`.

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::{CALLBACK, CHALLENGE, World, authorize};

async fn sent_back(world: &World, request: &Pairs, error: &str) {
    let answer = world.browser().get(&authorize(request)).await;
    let back = answer.location();
    assert_eq!(back.get("error"), Some(error), "{answer:?}");
    assert_eq!(back.get("state"), Some("s1"));
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
    assert_eq!(back.get("code"), None);
    assert!(
        answer
            .header("location")
            .is_some_and(|to| to.starts_with(CALLBACK))
    );
    assert_eq!(answer.header("set-cookie"), None);
    answer.is_private();
}

#[tokio::test]
async fn faults_go_back() {
    let world = World::dev().await;
    for (changes, error) in [
        (vec![("response_type", "")], "invalid_request"),
        (
            vec![("response_type", "token")],
            "unsupported_response_type",
        ),
        (
            vec![("response_type", "id_token")],
            "unsupported_response_type",
        ),
        (
            vec![("response_type", "code token")],
            "unsupported_response_type",
        ),
        (vec![("response_type", "CODE")], "unsupported_response_type"),
        (vec![("scope", "admin")], "invalid_scope"),
        (vec![("scope", "read\"")], "invalid_scope"),
        (
            vec![("resource", "https://other.example")],
            "invalid_target",
        ),
        (vec![("code_challenge", CHALLENGE)], "invalid_request"),
        (vec![("code_challenge_method", "S256")], "invalid_request"),
    ] {
        sent_back(&world, &world.request().with_all(&changes), error).await;
    }
    let direct = world.request().with("client_id", "direct-login");
    sent_back(&world, &direct, "unauthorized_client").await;
}

#[tokio::test]
async fn the_public_client_needs_pkce_before_anybody_logs_in() {
    let world = World::dev().await;
    let request = world.public_request();
    let with = |challenge: &str, method: &str| {
        request.clone().with_all(&[
            ("code_challenge", challenge),
            ("code_challenge_method", method),
        ])
    };
    for wrong in [
        with("", ""),
        with("", "S256"),
        with(CHALLENGE, ""),
        with(CHALLENGE, "plain"),
        with(CHALLENGE, "s256"),
        with("short", "S256"),
        with(&CHALLENGE[1..], "S256"),
        with(&format!("{CHALLENGE}="), "S256"),
        with(&format!("{CHALLENGE}A"), "S256"),
        with(&CHALLENGE.replace('-', "+"), "S256"),
        with(&"a".repeat(128), "S256"),
    ] {
        sent_back(&world, &wrong, "invalid_request").await;
    }
    let page = world.browser().get(&authorize(&request)).await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn queries_that_cannot_be_read_get_a_page() {
    let world = World::dev().await;
    let good = authorize(&world.request());
    let many: String = (0..70).map(|n| format!("&p{n}=")).collect();
    for query in [
        "&state=s2",
        "&st%61te=s2",
        "&scope=read&scope=read",
        "&scope=%",
        "&scope=%zz",
        "&scope=%ff",
        "&x=%c0%80",
        &many,
        &format!("&x={}", "a".repeat(17_000)),
        &format!("&{}=a", "x".repeat(200)),
    ] {
        let answer = world.browser().get(&format!("{good}{query}")).await;
        answer.error_page(400);
    }
    let bytes = [good.as_bytes(), b"&x=\xff\xfe"].concat();
    assert_eq!(world.send(Call::get(bytes)).await.status, 400);
    world
        .browser()
        .get("/oauth/authorize")
        .await
        .error_page(400);
    world
        .browser()
        .get("/oauth/authorize?")
        .await
        .error_page(400);
}

#[tokio::test]
async fn state_comes_back_as_it_was() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    for state in [
        "a b+c&d=e%26#f?g",
        "\u{e4}\u{20ac}\u{1f511}",
        "<script>\"'`</script>",
        "{\"a\":[1]}",
        "line\r\nSet-Cookie: x=1",
        "\0\u{7f}\t",
        "%",
        "../../",
        &"x".repeat(2048),
    ] {
        for decision in ["allow", "deny"] {
            let request = world.request().with("state", state);
            let answer = browser.decide(&authorize(&request), decision).await;
            let back = answer.location();
            assert_eq!(back.get("state"), Some(state));
            assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
            assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
        }
    }
    for none in [
        world.request().without("state"),
        world.request().with("state", ""),
    ] {
        let answer = browser.decide(&authorize(&none), "allow").await;
        assert_eq!(answer.location().get("state"), None);
    }
}

/// Some programs put their query together without escaping it.
#[tokio::test]
async fn a_query_that_is_not_escaped_survives_the_login() {
    let world = World::dev().await;
    let set = world.set();
    let raw = "{\u{e4}:'\u{1f511}'}";
    let target = format!(
        "{}&state={raw}",
        authorize(&world.request().without("state"))
    );
    let mut browser = world.browser();
    let page = browser.log_in(&target, &set.user, &set.password).await;
    let form = crate::browser::Form::of(&page.body);
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(answer.location().get("state"), Some(raw));
}

#[tokio::test]
async fn an_overlong_state_is_an_error() {
    let world = World::dev().await;
    let request = world.request().with("state", &"x".repeat(2049));
    let answer = world.browser().get(&authorize(&request)).await;
    assert_eq!(answer.location().get("error"), Some("invalid_request"));
}

#[tokio::test]
async fn the_alias_of_older_programs_is_the_same_endpoint() {
    let world = World::dev().await;
    let set = world.set();
    let target = format!("/auth/authorize?{}", world.request().form());
    let mut browser = world.browser();
    browser.log_in(&target, &set.user, &set.password).await;
    let answer = browser.decide(&target, "allow").await;
    let code = answer.location().get("code").expect("a code").to_owned();
    world.redeem(&code).await.good();
}
