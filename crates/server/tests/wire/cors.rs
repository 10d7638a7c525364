//! What scripts of other origins may use, and what they may not.

use serde_json::json;

use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const ELSEWHERE: &str = "https://app.example";

fn preflight(path: &str, method: &str) -> Call {
    Call::new("OPTIONS", path)
        .header("Origin", ELSEWHERE)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "authorization,dpop")
}

fn says_nothing(answer: &Answer) {
    let said = answer
        .headers
        .iter()
        .find(|(name, _)| name.starts_with("access-control-"));
    assert_eq!(said, None, "{answer:?}");
}

#[tokio::test]
async fn what_takes_no_cookie_is_for_anybody() {
    let world = World::dev().await;
    for (path, method) in [
        ("/oauth/token", "POST"),
        ("/oauth/revoke", "POST"),
        ("/oauth/register", "POST"),
        ("/oauth/register/cl_1", "PUT"),
        ("/jwks.json", "GET"),
        ("/.well-known/oauth-authorization-server", "GET"),
        ("/.well-known/openid-configuration", "GET"),
        ("/oauth/userinfo", "GET"),
    ] {
        let answer = world.send(preflight(path, method)).await;
        assert_eq!(answer.status, 204, "{path} {answer:?}");
        let allowed = answer
            .header("access-control-allow-methods")
            .expect("methods");
        assert!(
            allowed.split(", ").any(|own| own == method),
            "{path} {allowed}"
        );
        let headers = answer
            .header("access-control-allow-headers")
            .expect("headers");
        for name in [
            "authorization",
            "content-type",
            "dpop",
            "mcp-protocol-version",
        ] {
            assert!(headers.contains(name), "{headers}");
        }
        let call = Call::new(method, path).header("Origin", ELSEWHERE);
        for answer in [answer, world.send(call).await] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("*"),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert_eq!(answer.all("set-cookie").len(), 0);
        }
    }
}

/// A script reads what it is refused too, and the challenge that says why.
#[tokio::test]
async fn refusals_can_be_read() {
    let world = World::dev().await;
    let call = Call::post("/oauth/token").header("Origin", ELSEWHERE);
    let answer = world.send(call.basic("nobody", "x").json("{}")).await;
    assert!(answer.status >= 400);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let readable = answer
        .header("access-control-expose-headers")
        .expect("headers");
    assert!(readable.contains("www-authenticate") && readable.contains("dpop-nonce"));
    let call = Call::post("/oauth/register").header("Origin", ELSEWHERE);
    let answer = world.send(call.json(&json!({}).to_string())).await;
    answer.refused(400, "invalid_redirect_uri");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

/// Pages and whatever looks at cookies are for navigation, and introspection is between servers.
#[tokio::test]
async fn the_rest_is_for_nobody() {
    let world = World::dev().await;
    let browser = world.logged_in().await;
    for (path, method) in [
        (authorize(&world.request()).as_str(), "GET"),
        ("/oauth/login", "POST"),
        ("/oauth/consent", "POST"),
        ("/oauth/introspect", "POST"),
        ("/account", "GET"),
        ("/account/password", "POST"),
        ("/account/logins", "POST"),
        ("/account/applications", "POST"),
    ] {
        let answer = world.send(preflight(path, method)).await;
        assert_eq!(answer.status, 405, "{path} {answer:?}");
        says_nothing(&answer);
        let call = Call::new(method, path).header("Origin", ELSEWHERE);
        says_nothing(&browser.clone().send(call).await);
    }
}
