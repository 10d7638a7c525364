//! A service of axum behind the guard, over a socket.

use axum::Router;
use axum::routing::get;
use gatepass_guard::{Access, Identity, ResourceMetadata, Rule, Rules};
use gatepass_http::{Egress, HttpTransport, Transport as _};
use gatepass_proto::Scope;
use http::{Request, Response};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{AUDIENCE, World};

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn send(url: &str, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
    let transport = HttpTransport::new(Egress::default()).expect("a transport");
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Vec::new()).expect("a request");
    transport.send(request).await.expect("an answer")
}

fn guarded(world: &World) -> Router {
    let metadata = ResourceMetadata::new(AUDIENCE).expect("a URL");
    let guard = world.builder(world.issuer()).resource(metadata).build();
    let read = Access::Required("read".parse::<Scope>().expect("a scope").into());
    let open = Rule::new("/open".parse().expect("a pattern"), Access::Open);
    let name = async |who: Option<Identity>| who.map_or("nobody".to_owned(), |who| who.subject);
    Router::new()
        .route("/me", get(async |who: Identity| who.subject))
        .route("/open", get(name))
        .layer(guard.rules(Rules::new(vec![open], read)))
}

#[tokio::test]
async fn a_client_finds_its_way_in() {
    let world = World::new().await;
    let address = serve(guarded(&world)).await;
    let answer = send(&format!("{address}/me"), &[]).await;
    assert_eq!(answer.status(), 401);
    let challenge = answer
        .headers()
        .get("www-authenticate")
        .expect("a challenge");
    let place = "https://api.example/.well-known/oauth-protected-resource";
    assert_eq!(
        challenge.to_str().expect("ASCII"),
        format!(r#"Bearer realm="gatepass", scope="read", resource_metadata="{place}""#)
    );
    let here = place.replace("https://api.example", &address);
    let answer = send(&here, &[]).await;
    let metadata: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(metadata["resource"], AUDIENCE);
    assert_eq!(metadata["authorization_servers"][0], *world.issuer);
    let token = format!("Bearer {}", world.token(|_| ()));
    let answer = send(&format!("{address}/me"), &[("Authorization", &token)]).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (200, &b"us_ada"[..])
    );
}

#[tokio::test]
async fn what_is_open_is_open_and_what_is_not_there_is_closed() {
    let world = World::new().await;
    let address = serve(guarded(&world)).await;
    let answer = send(&format!("{address}/open"), &[]).await;
    assert_eq!(answer.body(), b"nobody");
    assert_eq!(send(&format!("{address}/nothing"), &[]).await.status(), 401);
    let spelled = send(&format!("{address}/ope%6e"), &[]).await;
    assert_eq!(spelled.status(), 400);
}

#[tokio::test]
async fn requests_that_cannot_be_meant_are_refused() {
    let world = World::new().await;
    let address = serve(guarded(&world)).await;
    let me = format!("{address}/me");
    let token = format!("Bearer {}", world.token(|_| ()));
    let twice = [("Authorization", &*token), ("Authorization", &*token)];
    assert_eq!(send(&me, &twice).await.status(), 400);
    let query = format!("{me}?access_token={}", world.token(|_| ()));
    assert_eq!(send(&query, &[]).await.status(), 400);
    let long = format!("Bearer {}", "x".repeat(20_000));
    assert_eq!(send(&me, &[("Authorization", &long)]).await.status(), 431);
}

#[tokio::test]
async fn a_handler_without_a_guard_is_an_error_of_the_program() {
    let router = Router::new().route("/me", get(async |who: Identity| who.subject));
    let address = serve(router).await;
    let answer = send(&format!("{address}/me"), &[("Authorization", "Bearer x")]).await;
    assert_eq!(answer.status(), 500);
}
