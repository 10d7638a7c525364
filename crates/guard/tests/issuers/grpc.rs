//! A call of tonic through the layer.

use gatepass_proto::Scope;
use tokio::net::TcpListener;
use tonic::metadata::MetadataValue;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Mode, World, impatient};

/// A health service behind a guard, and its address.
async fn serve(world: &World, scope: &str) -> String {
    let guard = world.builder(world.issuer().transport(impatient())).build();
    let layer = guard.layer(scope.parse::<Scope>().expect("a scope"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("notes", ServingStatus::Serving)
        .await;
    let server = Server::builder().layer(layer).add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

async fn call(address: &str, token: Option<&str>) -> Result<i32, Status> {
    let channel = Channel::from_shared(address.to_owned()).expect("a URL");
    let mut client = HealthClient::new(channel.connect().await.expect("connects"));
    let mut request = Request::new(HealthCheckRequest {
        service: "notes".to_owned(),
    });
    if let Some(token) = token {
        let value: MetadataValue<_> = format!("Bearer {token}").parse().expect("a value");
        request.metadata_mut().insert("authorization", value);
    }
    Ok(client.check(request).await?.into_inner().status)
}

#[tokio::test]
async fn a_call_with_a_good_token_passes() {
    let world = World::new().await;
    let address = serve(&world, "read").await;
    let status = call(&address, Some(&world.token(|_| ()))).await;
    assert_eq!(status.expect("good"), 1, "SERVING");
}

#[tokio::test]
async fn a_refusal_is_one_that_clients_understand() {
    let world = World::new().await;
    let (reading, writing) = (serve(&world, "read").await, serve(&world, "write").await);
    let token = world.token(|_| ());
    for (address, token, code, challenge) in [
        (
            &reading,
            None,
            Code::Unauthenticated,
            r#"Bearer realm="gatepass", scope="read""#,
        ),
        (
            &reading,
            Some("x"),
            Code::Unauthenticated,
            r#"Bearer realm="gatepass", error="invalid_token", error_description="token is malformed", scope="read""#,
        ),
        (
            &writing,
            Some(&*token),
            Code::PermissionDenied,
            r#"Bearer realm="gatepass", error="insufficient_scope", error_description="the credentials do not have the scope that is required", scope="write""#,
        ),
    ] {
        let status = call(address, token).await.expect_err("refused");
        assert_eq!(status.code(), code);
        let said = status
            .metadata()
            .get("www-authenticate")
            .expect("a challenge");
        assert_eq!(said.to_str().expect("ASCII"), challenge);
    }
    let status = call(&reading, Some("x")).await.expect_err("refused");
    assert_eq!(status.message(), "token is malformed");
}

#[tokio::test]
async fn without_keys_the_service_is_unavailable() {
    let world = World::new().await;
    world.mode(Mode::Down);
    let address = serve(&world, "read").await;
    let status = call(&address, Some(&world.token(|_| ()))).await;
    assert_eq!(status.expect_err("refused").code(), Code::Unavailable);
}
