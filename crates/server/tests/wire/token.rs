//! The token endpoint beyond codes and refreshes: grants, scopes and resources.

use gatepass_proto::Scope;
use gatepass_server::NewClient;
use serde_json::json;

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::World;

#[tokio::test]
async fn grants_are_known_and_registered_or_refused() {
    let world = World::dev().await;
    for unknown in [
        "implicit",
        "Client_Credentials",
        "client_credentials ",
        "urn:x",
    ] {
        world
            .token(&[("grant_type", unknown)])
            .await
            .refused(400, "unsupported_grant_type");
    }
    let set = world.set();
    let password = Pairs::of(&[
        ("grant_type", "password"),
        ("username", &set.user),
        ("password", &set.password),
        ("client_id", &set.public_client_id),
    ]);
    world
        .send(Call::post("/oauth/token").form(&password))
        .await
        .refused(400, "unauthorized_client");
}

/// Without `dev` the older habits are off, and nobody is there.
#[tokio::test]
async fn nothing_is_ready_made_without_dev() {
    let world = World::with(|_| ()).await;
    for id in ["dev-confidential", "dev-public", "direct-login"] {
        let form = Pairs::of(&[("grant_type", "password"), ("client_id", id)]);
        world
            .send(Call::post("/oauth/token").form(&form))
            .await
            .refused(401, "invalid_client");
    }
    for path in ["/auth/token", "/api/auth", "/api/auth/jwt"] {
        assert_eq!(world.send(Call::post(path)).await.status, 404, "{path}");
    }
    for path in [
        "/auth/authorize",
        "/api/data",
        "/api/protected_data",
        "/api/endpoint",
        "/protected-resource",
    ] {
        assert_eq!(world.send(Call::get(path)).await.status, 404, "{path}");
    }
    let admin = world.admin().await;
    assert!(admin.users().await.expect("users").is_empty());
    assert!(admin.clients().await.expect("clients").is_empty());
    assert!(admin.keys().await.expect("keys").is_empty());
}

#[tokio::test]
async fn scopes_are_asked_for_within_bounds() {
    let world = World::dev().await;
    let ask = |scope: String| {
        let world = &world;
        async move {
            let pairs = [
                ("grant_type", "client_credentials"),
                ("scope", scope.as_str()),
            ];
            world.token(&pairs).await
        }
    };
    for wrong in [
        "admin",
        "read admin",
        "READ",
        "read\twrite",
        "read\"",
        "é",
        "read,write",
    ] {
        ask(wrong.to_owned()).await.refused(400, "invalid_scope");
    }
    ask("x ".repeat(3000)).await.refused(400, "invalid_scope");
    for (asked, granted) in [
        ("", "read"),
        ("write", "write"),
        ("write  read write", "write read"),
    ] {
        let answer = ask(asked.to_owned()).await;
        assert_eq!(answer.good().text("scope"), granted);
    }
}

#[tokio::test]
async fn a_token_without_the_scope_does_not_open_the_api() {
    let world = World::dev().await;
    let answer = world
        .token(&[("grant_type", "client_credentials"), ("scope", "write")])
        .await;
    let refusal = world.data(&answer.text("access_token")).await;
    refusal.refused(403, "insufficient_scope");
    for challenge in refusal.all("www-authenticate") {
        assert!(challenge.contains("scope=\"read\""), "{challenge}");
    }
}

#[tokio::test]
async fn only_known_resources_may_be_named() {
    let world = World::dev().await;
    let api = format!("{}/api", world.issuer);
    let ask = |resource: String| {
        let world = &world;
        async move {
            let grant = ("grant_type", "client_credentials");
            world.token(&[grant, ("resource", &resource)]).await
        }
    };
    for unknown in [
        "https://other.example",
        &format!("{api}/"),
        &api.to_uppercase(),
        "x",
    ] {
        ask(unknown.to_owned()).await.refused(400, "invalid_target");
    }
    let good = ask(api.clone()).await;
    world.lives(&good.text("access_token")).await;
    let twice = world
        .token(&[
            ("grant_type", "client_credentials"),
            ("resource", &api),
            ("resource", "https://other.example"),
        ])
        .await;
    twice.refused(400, "invalid_target");
}

#[tokio::test]
async fn a_resource_of_everybody_is_for_every_client() {
    const ORDERS: &str = "https://orders.example/mcp";
    let world = World::dev_with(|config| config.tokens.resources = vec![ORDERS.to_owned()]).await;
    let grant = ("grant_type", "client_credentials");
    let answer = world.token(&[grant, ("resource", ORDERS)]).await;
    let token = answer.text("access_token");
    assert_eq!(world.introspect(&token).await["aud"], json!([ORDERS]));
    world.data(&token).await.refused(401, "invalid_token");
    let usual = world.token(&[grant]).await.text("access_token");
    world.lives(&usual).await;
    let below = format!("{ORDERS}/below");
    let refused = world.token(&[grant, ("resource", &below)]).await;
    refused.refused(400, "invalid_target");
}

/// A token for another resource is none of this API's, though the same server signed it.
#[tokio::test]
async fn a_token_for_another_resource_is_refused_here() {
    let world = World::dev().await;
    let scope: Scope = "read".parse().expect("a scope");
    let new = NewClient {
        client_id: None,
        client_name: "service".to_owned(),
        public: false,
        redirect_uris: Vec::new(),
        grant_types: vec!["client_credentials".to_owned()],
        scope: scope.clone(),
        default_scope: scope,
        resources: vec!["https://other.example".to_owned()],
        require_pkce: false,
        json_body: false,
        auth_method: None,
        details: Default::default(),
    };
    let (client, secret) = world.admin().await.add_client(new).await.expect("a client");
    let form = Pairs::of(&[
        ("grant_type", "client_credentials"),
        ("resource", "https://other.example"),
    ]);
    let secret = secret.expect("a secret");
    let call = Call::post("/oauth/token").basic(client.client_id.as_str(), secret.expose());
    let token = world.send(call.form(&form)).await.text("access_token");
    assert!(world.is_active(&token).await);
    world.data(&token).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn the_password_grant_says_too_little_to_guess_by() {
    let world = World::dev().await;
    let set = world.set();
    let ask = |pairs: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
            world
                .token(&[&[("grant_type", "password")], pairs.as_slice()].concat())
                .await
        }
    };
    let (user, password) = (set.user.clone(), set.password.clone());
    ask(vec![("username", user.clone())])
        .await
        .refused(400, "invalid_request");
    ask(vec![("password", password.clone())])
        .await
        .refused(400, "invalid_request");
    let wrong = ask(vec![
        ("username", user.clone()),
        ("password", "wrong".into()),
    ])
    .await;
    let nobody = ask(vec![
        ("username", "nobody".into()),
        ("password", password.clone()),
    ])
    .await;
    let long = ask(vec![
        ("username", "x".repeat(400)),
        ("password", password.clone()),
    ])
    .await;
    let upper = ask(vec![
        ("username", user.to_uppercase()),
        ("password", password.clone()),
    ])
    .await;
    for answer in [&wrong, &nobody, &long, &upper] {
        answer.refused(400, "invalid_grant");
        assert_eq!(answer.body, wrong.body);
    }
    ask(vec![
        ("username", user.clone()),
        ("password", password.clone()),
        ("scope", "admin".into()),
    ])
    .await
    .refused(400, "invalid_scope");
    let good = ask(vec![("username", user), ("password", password)]).await;
    world.lives(&good.text("access_token")).await;
}
