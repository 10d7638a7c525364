//! What reaches the service behind the guard.

use gatepass_proto::Scope;

use super::{api_key, ask, basic, bearer, get, house, jwt, scope, send};
use crate::{Guard, GuardLayer, GuardService, PeerAddr, X_API_KEY};

fn says(answer: &str, parts: &[&str]) {
    assert!(answer.starts_with("200"), "{answer}");
    for part in parts {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
}

#[tokio::test]
async fn basic_passes_without_its_header() {
    let request = get()
        .header("Authorization", basic("ada", "right"))
        .header("Accept", "text/plain");
    let parts = [
        r#"subject: "us_ada", client_id: None, scope: Scope(read write)"#,
        r#"Basic { username: "ada" }"#,
        r#"["accept"]"#,
    ];
    says(&ask(request).await, &parts);
}

#[tokio::test]
async fn a_token_passes_without_its_header() {
    let answer = ask(get().header("Authorization", bearer(|_| ()))).await;
    let parts = [
        r#"subject: "us_ada", client_id: Some(ClientId(cl_1)), scope: Scope(read)"#,
        r#"jti: "j1""#,
        "} []",
    ];
    says(&answer, &parts);
}

#[tokio::test]
async fn an_api_key_passes_either_way() {
    let key = api_key();
    let parts = [
        r#"subject: "us_ada", client_id: None, scope: Scope(read)"#,
        r#"ApiKey { name: "robot" }"#,
        "} []",
    ];
    says(&ask(get().header(X_API_KEY, key.expose())).await, &parts);
    let value = format!("Bearer {}", key.expose());
    says(&ask(get().header("Authorization", value)).await, &parts);
}

#[tokio::test]
async fn an_empty_scope_asks_for_good_credentials_alone() {
    let layer = house().guard.layer(Scope::empty());
    let poor = bearer(|claims| claims["scope"] = "".into());
    says(
        &send(&layer, get().header("Authorization", poor)).await,
        &[],
    );
    assert!(send(&layer, get()).await.starts_with("401"));
}

#[tokio::test]
async fn the_peers_address_comes_from_the_server_alone() {
    let layer = house().guard.layer(Scope::empty());
    let request = || get().header("Authorization", basic("local", "x"));
    let forwarded = request().header("X-Forwarded-For", "127.0.0.1");
    assert!(send(&layer, forwarded).await.starts_with("401"));
    let peer = PeerAddr("127.0.0.1:4711".parse().expect("an address"));
    says(
        &send(&layer, request().extension(peer)).await,
        &["us_local"],
    );
}

/// Another program's API key is none of a guard's that knows no API keys.
#[tokio::test]
async fn headers_that_are_not_read_go_on() {
    let layer = Guard::builder()
        .issuer(jwt())
        .clock(house().clock)
        .build()
        .layer(scope("read"));
    let request = get()
        .header("Authorization", bearer(|_| ()))
        .header(X_API_KEY, "theirs");
    says(&send(&layer, request).await, &[r#"["x-api-key"]"#]);
}

/// What axum's `Router::layer` asks for.
#[test]
fn layers_and_services_can_be_shared() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<GuardLayer>();
    shared::<GuardService<()>>();
}

#[test]
fn debug_shows_no_secret() {
    let guard = format!("{:?}", house().guard);
    assert!(
        guard.contains("https://as.example") && !guard.contains("key:"),
        "{guard}"
    );
}
