//! A gRPC service of tonic that takes the access tokens of one issuer, and a client of it.
//!
//! ```text
//! cargo run -p gatepass-guard --example tonic -- serve https://login.example http://127.0.0.1:50051
//! cargo run -p gatepass-guard --example tonic -- call "$TOKEN"
//! ```
//!
//! Without a good token the client reads `UNAUTHENTICATED`, and in the metadata of the answer the challenge.

#![expect(clippy::print_stdout, reason = "an example says what it has heard")]

use gatepass_guard::{Guard, Issuer};
use gatepass_proto::Scope;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", issuer, audience] => serve(issuer, audience).await,
        ["call", token] => call(token).await,
        _ => Err("usage: tonic serve ISSUER AUDIENCE, or tonic call TOKEN".into()),
    }
}

async fn serve(issuer: &str, audience: &str) -> Result<(), Failure> {
    let guard = Guard::builder()
        .issuer(Issuer::new(issuer, audience))
        .build();
    let (_reporter, health) = tonic_health::server::health_reporter();
    Server::builder()
        .layer(guard.layer("read".parse::<Scope>()?))
        .add_service(health)
        .serve("127.0.0.1:50051".parse()?)
        .await?;
    Ok(())
}

async fn call(token: &str) -> Result<(), Failure> {
    let channel = Channel::from_static("http://127.0.0.1:50051")
        .connect()
        .await?;
    let credentials: MetadataValue<_> = format!("Bearer {token}").parse()?;
    let add = move |mut request: tonic::Request<()>| {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", credentials.clone());
        Ok(request)
    };
    let mut client = HealthClient::with_interceptor(channel, add);
    let answer = client.check(HealthCheckRequest::default()).await?;
    println!("{:?}", answer.into_inner().status());
    Ok(())
}
