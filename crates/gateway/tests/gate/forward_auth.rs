//! What other proxies are told.

use serde_json::json;

use crate::wire::Said;
use crate::world::World;

/// This test is the proxy, at an address that is trusted.
async fn trusted() -> World {
    let first = "forward_auth = [\"nginx\", \"traefik\", \"caddy\", \"envoy\"]\nproxies = { trusted = [\"127.0.0.0/8\"] }";
    World::with(first).await
}

async fn nginx(world: &World, method: &str, target: &str, headers: &[&str]) -> Said {
    let (method, target) = (
        format!("X-Original-Method: {method}"),
        format!("X-Original-URI: {target}"),
    );
    let mut all = vec![method.as_str(), &target];
    all.extend(headers);
    world.send("GET /.gatepass/auth/nginx", &all).await
}

async fn traefik(world: &World, method: &str, target: &str, headers: &[&str]) -> Said {
    let (method, target) = (
        format!("X-Forwarded-Method: {method}"),
        format!("X-Forwarded-Uri: {target}"),
    );
    let mut all = vec![
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: api.example.com",
        method.as_str(),
        &target,
    ];
    all.extend(headers);
    world.send("GET /.gatepass/auth/traefik", &all).await
}

async fn caddy(world: &World, method: &str, target: &str, headers: &[&str]) -> Said {
    let (method, target) = (
        format!("X-Forwarded-Method: {method}"),
        format!("X-Forwarded-Uri: {target}"),
    );
    let mut all = vec![method.as_str(), &target];
    all.extend(headers);
    world.send("GET /.gatepass/auth/caddy", &all).await
}

async fn envoy(world: &World, method: &str, target: &str, headers: &[&str]) -> Said {
    world
        .send(&format!("{method} /.gatepass/auth/envoy{target}"), headers)
        .await
}

#[tokio::test]
async fn each_proxy_is_told_by_the_rules_of_the_original_request() {
    let world = trusted().await;
    for (method, target, scope, status) in [
        ("GET", "/public/x", None, 200),
        ("GET", "/never", Some("read write admin"), 403),
        ("GET", "/admin", None, 401),
        ("GET", "/admin/x?y=z", Some("read"), 403),
        ("GET", "/admin/x?y=z", Some("admin"), 200),
        ("GET", "/things/1", Some("read"), 200),
        ("PUT", "/things/1", Some("read"), 403),
        ("DELETE", "/things/1", Some("read write"), 200),
    ] {
        let bearer = scope.map(|scope| world.bearer(scope));
        let headers: Vec<&str> = bearer.iter().map(String::as_str).collect();
        for said in [
            nginx(&world, method, target, &headers).await,
            traefik(&world, method, target, &headers).await,
            envoy(&world, method, target, &headers).await,
            caddy(&world, method, target, &headers).await,
        ] {
            assert_eq!(said.status, status, "{method} {target} {scope:?}: {said:?}");
            let subject = said
                .header("x-gatepass-subject")
                .filter(|name| !name.is_empty());
            let known = status == 200 && scope.is_some();
            assert_eq!(subject, known.then_some("ann"), "{said:?}");
            assert_eq!(
                said.all("www-authenticate").next().is_some(),
                status == 401 || (status == 403 && target != "/never")
            );
        }
    }
}

/// What is neither 401 nor 403 would be an error of nginx's own.
#[tokio::test]
async fn nginx_is_told_what_it_understands() {
    let world = trusted().await;
    for (target, headers, status, meant) in [
        ("/public/../admin", vec![], 403, "400"),
        ("/x?access_token=y", vec![], 403, "400"),
        (
            "/x",
            vec!["Authorization: Bearer a", "Authorization: Bearer b"],
            403,
            "400",
        ),
        ("/x", vec![], 401, "401"),
        ("/never", vec![], 403, "403"),
    ] {
        let said = nginx(&world, "GET", target, &headers).await;
        assert_eq!(said.status, status, "{target}: {said:?}");
        assert_eq!(
            said.header("x-gatepass-status"),
            Some(meant),
            "{target}: {said:?}"
        );
        if meant == "400" {
            assert_eq!(traefik(&world, "GET", target, &headers).await.status, 400);
        }
    }
}

/// Nobody but a trusted proxy says which request is meant, and no other way than its own.
#[tokio::test]
async fn whoever_is_no_trusted_proxy_learns_nothing() {
    let first = "forward_auth = [\"nginx\", \"traefik\", \"envoy\"]\nproxies = { trusted = [\"192.0.2.1\"] }";
    let world = World::with(first).await;
    let bearer = world.bearer("admin");
    for said in [
        nginx(&world, "GET", "/public", &[&bearer]).await,
        traefik(&world, "GET", "/public", &[&bearer]).await,
        envoy(&world, "GET", "/public", &[&bearer]).await,
        // What it says of itself does not make it one.
        nginx(
            &world,
            "GET",
            "/public",
            &["X-Forwarded-For: 192.0.2.1", &bearer],
        )
        .await,
    ] {
        assert_eq!(
            (said.status, said.error()),
            (403, "access_denied".to_owned())
        );
        assert_eq!(said.header("x-gatepass-subject"), None);
    }
    // Nor do such headers change what a request through the gate is.
    let said = world
        .send(
            "DELETE /admin",
            &[
                "X-Original-URI: /public",
                "X-Original-Method: GET",
                "X-Forwarded-Uri: /public",
            ],
        )
        .await;
    assert_eq!(said.status, 401, "{said:?}");
}

/// Each proxy sets its own headers and hands on the others as a client has sent them.
#[tokio::test]
async fn one_proxys_headers_are_not_read_for_another() {
    let world = trusted().await;
    let spoofed = [
        "X-Forwarded-Uri: /public",
        "X-Forwarded-Method: GET",
        "X-Original-URL: /public",
        "X_Original_URI: /public",
        "X-Rewrite-URL: /public",
    ];
    assert_eq!(nginx(&world, "GET", "/admin", &spoofed).await.status, 401);
    assert_eq!(envoy(&world, "GET", "/admin", &spoofed).await.status, 401);
    let spoofed = ["X-Original-URI: /public", "X-Original-Method: GET"];
    assert_eq!(traefik(&world, "GET", "/admin", &spoofed).await.status, 401);
    assert_eq!(caddy(&world, "GET", "/admin", &spoofed).await.status, 401);
    assert_eq!(envoy(&world, "GET", "/admin", &spoofed).await.status, 401);
}

#[tokio::test]
async fn what_is_missing_or_said_twice_does_not_pass() {
    let world = trusted().await;
    let bearer = world.bearer("read write admin");
    for (place, headers) in [
        ("/nginx", vec![]),
        ("/nginx", vec!["X-Original-URI: /public"]),
        ("/nginx", vec!["X-Original-Method: GET"]),
        (
            "/nginx",
            vec!["X-Forwarded-Uri: /public", "X-Forwarded-Method: GET"],
        ),
        (
            "/nginx",
            vec![
                "X-Original-URI: /public",
                "X-Original-URI: /public",
                "X-Original-Method: GET",
            ],
        ),
        (
            "/nginx",
            vec![
                "X-Original-URI: /public",
                "X-Original-Method: GET",
                "X-Original-Method: GET",
            ],
        ),
        (
            "/nginx",
            vec!["X-Original-URI: public", "X-Original-Method: GET"],
        ),
        (
            "/nginx",
            vec![
                "X-Original-URI: //evil.example/public",
                "X-Original-Method: GET",
            ],
        ),
        (
            "/nginx",
            vec![
                "X-Original-URI: http://a.example/public",
                "X-Original-Method: GET",
            ],
        ),
        (
            "/nginx",
            vec!["X-Original-URI: /public#/admin", "X-Original-Method: GET"],
        ),
        (
            "/nginx",
            vec!["X-Original-URI: /public", "X-Original-Method: G E T"],
        ),
        ("/nginx", vec!["X-Original-URI:", "X-Original-Method: GET"]),
        (
            "/traefik",
            vec!["X-Original-URI: /public", "X-Original-Method: GET"],
        ),
        ("/traefik", vec!["X-Forwarded-Uri: /public"]),
        (
            "/traefik",
            vec![
                "X-Forwarded-Uri: /public",
                "X-Forwarded-Uri: /x",
                "X-Forwarded-Method: GET",
            ],
        ),
        ("/caddy", vec!["X-Forwarded-Method: GET"]),
        (
            "/caddy",
            vec![
                "X-Forwarded-Uri: /public",
                "X-Forwarded-Uri: /public",
                "X-Forwarded-Method: GET",
            ],
        ),
        ("/envoy", vec![]),
    ] {
        let mut all = vec![bearer.as_str()];
        all.extend(&headers);
        let said = world
            .send(&format!("GET /.gatepass/auth{place}"), &all)
            .await;
        assert_eq!(said.status, 403, "{place} {headers:?}: {said:?}");
        assert_eq!(said.header("x-gatepass-subject"), None);
    }
    for place in ["/nginx/x", "/nginxx", "/traefik/", "/other", ""] {
        let said = world
            .send(&format!("GET /.gatepass/auth{place}"), &[&bearer])
            .await;
        assert_eq!(said.status, 404, "{place}");
    }
}

/// A proxy hands on what a client has sent: it must not be taken for what the guard has said.
#[tokio::test]
async fn a_request_with_our_headers_does_not_pass() {
    let world = trusted().await;
    let bearer = world.bearer("read");
    for name in [
        "X-Gatepass-Subject",
        "x_gatepass_subject",
        "X-Gatepass-Groups",
        "X-Gatepass.Scope",
    ] {
        let forged = format!("{name}: root");
        for said in [
            nginx(&world, "GET", "/things/1", &[&bearer, &forged]).await,
            traefik(&world, "GET", "/public", &[&forged]).await,
            caddy(&world, "GET", "/public", &[&forged]).await,
            envoy(&world, "GET", "/public", &[&forged]).await,
        ] {
            assert_eq!(said.status, 403, "{name}: {said:?}");
        }
    }
}

#[tokio::test]
async fn envoy_is_told_what_to_take_out() {
    let world = trusted().await;
    let bearer = world.bearer("read");
    let said = envoy(
        &world,
        "GET",
        "/things/1",
        &[&bearer, "Remote-User: root", "Accept: */*"],
    )
    .await;
    assert_eq!(said.status, 200, "{said:?}");
    let names = said
        .header("x-envoy-auth-headers-to-remove")
        .expect("names");
    let names: Vec<&str> = names.split(',').collect();
    for name in [
        "authorization",
        "remote-user",
        "x-gatepass-username",
        "x-gatepass-groups",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for name in ["accept", "host", "x-gatepass-subject"] {
        assert!(!names.contains(&name), "{name}: {names:?}");
    }
    // Whoever is let pass unasked has no name at all.
    let said = envoy(&world, "GET", "/public", &[]).await;
    let names = said
        .header("x-envoy-auth-headers-to-remove")
        .expect("names");
    assert!(
        names.split(',').any(|name| name == "x-gatepass-subject"),
        "{names}"
    );
}

/// It would take one that is missing for the name of its own variable.
#[tokio::test]
async fn caddy_is_told_of_every_header() {
    let world = trusted().await;
    let bearer = world.bearer("read");
    let cookies = ["Cookie: theme=dark", "Cookie: lang=en"];
    let said = caddy(
        &world,
        "GET",
        "/things/1",
        &[&bearer, cookies[0], cookies[1]],
    )
    .await;
    assert_eq!(said.status, 200, "{said:?}");
    for (name, value) in [
        ("x-gatepass-subject", "ann"),
        ("x-gatepass-scope", "read"),
        ("x-gatepass-username", ""),
        ("x-gatepass-groups", ""),
        ("cookie", "theme=dark; lang=en"),
    ] {
        let all: Vec<&str> = said.all(name).collect();
        assert_eq!(all, [value], "{name}: {said:?}");
    }
    let said = caddy(&world, "GET", "/public", &[]).await;
    assert_eq!(said.header("x-gatepass-subject"), Some(""), "{said:?}");
    assert_eq!(said.header("cookie"), Some(""), "{said:?}");
}

#[tokio::test]
async fn a_guard_that_only_answers_sends_nothing_on() {
    let world = trusted().await;
    let settings = "public_url = \"https://api.example.com\"\nforward_auth = [\"nginx\"]\n\
                    proxies = { trusted = [\"127.0.0.1\"] }\n[[issuer]]\nissuer = \"@ISSUER@\"\n";
    world.reload(settings).await.expect("reloaded");
    let bearer = world.bearer("");
    assert_eq!(nginx(&world, "GET", "/x", &[&bearer]).await.status, 200);
    let said = world.send("GET /x", &[&bearer]).await;
    assert_eq!((said.status, said.error()), (404, "not_found".to_owned()));
    assert_eq!(said.json()["target"], json!(null));
    assert_eq!(traefik(&world, "GET", "/x", &[&bearer]).await.status, 404);
}
