//! What a request needs, by path and method.

use crate::world::{API, World};

#[tokio::test]
async fn each_request_needs_what_its_rule_says() {
    let world = World::usual().await;
    for (line, scope, status) in [
        ("GET /public/x", None, 200),
        ("DELETE /public", None, 200),
        ("GET /never", Some("read write admin"), 403),
        ("GET /never", None, 403),
        ("GET /admin", None, 401),
        ("GET /admin/x?y=z", Some("read"), 403),
        ("GET /admin/x?y=z", Some("admin"), 200),
        ("GET /things/1", Some("read"), 200),
        ("HEAD /things/1", Some("read"), 200),
        ("PUT /things/1", Some("read"), 403),
        ("PUT /things/1", Some("read write"), 200),
        ("GET /else", None, 401),
        ("GET /else", Some(""), 200),
        ("GET /", Some("other"), 200),
        ("TRACE /public", None, 405),
        ("CONNECT api.example.com:443", None, 405),
    ] {
        let said = match scope {
            Some(scope) => world.ask(line, scope).await,
            None => world.send(line, &[]).await,
        };
        assert_eq!(said.status, status, "{line} {scope:?}: {said:?}");
        if status == 200 && !line.starts_with("HEAD") {
            let (method, target) = line.split_once(' ').expect("two words");
            assert_eq!(said.json()["method"], method);
            assert_eq!(said.json()["target"], target);
        }
    }
}

#[tokio::test]
async fn a_challenge_says_what_is_needed() {
    let world = World::usual().await;
    let said = world.send("GET /admin", &[]).await;
    let challenges: Vec<&str> = said.all("www-authenticate").collect();
    let bearer = challenges.iter().find(|own| own.starts_with("Bearer"));
    let bearer = bearer.expect("a Bearer challenge");
    let metadata = format!("{API}/.well-known/oauth-protected-resource");
    assert!(
        bearer.contains(&format!("resource_metadata=\"{metadata}\"")),
        "{bearer}"
    );
    assert!(bearer.contains("scope=\"admin\""), "{bearer}");

    let said = world.ask("GET /admin", "read").await;
    assert_eq!(
        (said.status, said.error()),
        (403, "insufficient_scope".to_owned())
    );

    let said = world
        .send("GET /.well-known/oauth-protected-resource", &[])
        .await;
    assert_eq!(said.status, 200);
    assert_eq!(said.json()["resource"], API);
    assert_eq!(said.json()["authorization_servers"][0], world.issuer.url);
    assert_eq!(said.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_login_may_have_to_be_fresh_and_good() {
    let world = World::usual().await;
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_secs();
    for (auth_time, acr, status) in [
        (now - 10, "mfa", 200),
        (now - 10, "password", 401),
        (now - 3600, "mfa", 401),
    ] {
        let claims = serde_json::json!({ "auth_time": auth_time, "acr": acr });
        let said = world
            .send("GET /bank", &[&world.bearer_with("", claims)])
            .await;
        assert_eq!(said.status, status, "{acr}: {said:?}");
        if status == 401 {
            assert_eq!(said.error(), "insufficient_user_authentication");
        }
    }
    assert_eq!(world.ask("GET /bank", "").await.status, 401);
}

#[tokio::test]
async fn the_gates_own_places_never_reach_the_api() {
    let world = World::usual().await;
    let said = world.send("GET /.gatepass/health", &[]).await;
    assert_eq!(
        (said.status, said.json()["status"].as_str()),
        (200, Some("ok"))
    );
    assert_eq!(world.send("POST /.gatepass/health", &[]).await.status, 405);
    let said = world.send("GET /.gatepass/jwks.json", &[]).await;
    assert_eq!(said.json()["keys"], serde_json::json!([]));
    for path in [
        "",
        "/",
        "/other",
        "/auth/nginx",
        "/auth/traefik",
        "/auth/envoy/x",
        "/callback",
    ] {
        let said = world.ask(&format!("GET /.gatepass{path}"), "").await;
        assert_eq!(
            (said.status, said.error()),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
}
