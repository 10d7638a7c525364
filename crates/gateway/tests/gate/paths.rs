//! No spelling of a path changes which rule applies.

use crate::world::World;

/// Spellings by which some server or framework comes to `/admin`, from a path that begins with an open one.
#[tokio::test]
async fn no_open_path_leads_to_a_closed_one() {
    let world = World::usual().await;
    for path in [
        "/public/../admin",
        "/public/..;/admin",
        "/public/..;x=y/admin",
        "/public/%2e%2e/admin",
        "/public/%2E%2e/admin",
        "/public/.%2e/admin",
        "/public/%252e%252e/admin",
        "/public/..%2fadmin",
        "/public/..%2Fadmin",
        "/public/%2e%2e%2fadmin",
        "/public/..%5cadmin",
        "/public/..\\admin",
        "/public%2f..%2fadmin",
        "/public/..%252fadmin",
        "/public/.../admin",
        "/public/..%20/admin",
        "/public/%c0%ae%c0%ae/admin",
        "/public/..%00/admin",
        "/public/..%09/admin",
        "//admin",
        "///admin",
        "//public/../admin",
        "/.//admin",
        "/%2fadmin",
        "/./admin",
        "/public/..#/admin",
    ] {
        let said = world.send(&format!("GET {path}"), &[]).await;
        assert!(matches!(said.status, 400 | 401), "{path}: {said:?}");
        assert!(
            !said.body.contains("\"target\""),
            "{path} has reached the API"
        );
    }
}

/// Spellings of `/admin` itself: who lacks the scope does not come in, whatever the API makes of them.
#[tokio::test]
async fn a_closed_path_is_closed_in_every_spelling() {
    let world = World::usual().await;
    for path in [
        "/admin/",
        "/admin//x",
        "/admin;x=y",
        "/admin;/x",
        "/admin%3bx",
        "/%61dmin",
        "/%41dmin",
        "/ADMIN",
        "/Admin/x",
        "/adm%69n/x",
        "/admin%2fx",
        "/admin%252fx",
        "/admin/%2e",
        "/admin%00",
        "/admin%3fx",
        "/admin?x",
        "/admin?/public",
        "/x;/../admin",
    ] {
        let said = world.ask(&format!("GET {path}"), "read").await;
        assert!(matches!(said.status, 400 | 403), "{path}: {said:?}");
        assert!(
            !said.body.contains("\"target\""),
            "{path} has reached the API"
        );
    }
}

/// What is harmless arrives as it was sent, to the byte.
#[tokio::test]
async fn what_passes_is_passed_on_as_it_was() {
    let world = World::usual().await;
    for path in [
        "/public/a%20b",
        "/public/caf%C3%A9",
        "/public/a;v=1",
        "/public/x/",
        "/public/~a+b,c=d@e:f!$&'()*",
        "/public/a.b...c/.d",
        "/public/x?../admin&y=%2e%2e%2f//z",
        "/public?",
    ] {
        let said = world.send(&format!("GET {path}"), &[]).await;
        assert_eq!(said.status, 200, "{path}: {said:?}");
        assert_eq!(said.json()["target"], path);
    }
}

/// Where every rule is the same a strange path may pass; dots and what hides a slash may not even then.
#[tokio::test]
async fn hosts_and_schemes_do_not_choose_the_rule() {
    let world = World::usual().await;
    for (line, host) in [
        (
            "GET http://api.example.com/admin HTTP/1.1",
            "api.example.com",
        ),
        ("GET /admin HTTP/1.1", "public"),
        ("GET /admin HTTP/1.1", "/public"),
    ] {
        let text = format!("{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let said = world.raw(&text).await;
        assert!(matches!(said.status, 400 | 401), "{line} {host}: {said:?}");
    }
}
