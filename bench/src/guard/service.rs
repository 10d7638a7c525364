//! The service that is guarded: an axum program that answers with a constant, with nothing in front of it and with the
//! layer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use gatepass_guard::{ApiKeys, Guard, Introspection, Issuer, KeyHolder, Unavailable};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::{Cx, Digest, Scope, Secret, UserId};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::token::Token;
use crate::floor::ITEM;
use crate::process::Process;
use crate::target::{Target, loopback};

/// Where nothing is asked.
pub(super) const BARE: &str = "/bare";
/// Where a JWT is.
pub(super) const JWT: &str = "/jwt";
/// Where an API key is.
pub(super) const API_KEY: &str = "/api-key";
/// Where an opaque token is, which has to be introspected.
pub(super) const OPAQUE: &str = "/opaque";
/// Where an answer never ends; nothing is asked.
pub(super) const STREAM: &str = "/stream";
/// What is in every answer but that.
pub(super) const FIELD: &str = r#""id":"it_7f3a""#;
/// All that an endless answer says.
pub(super) const EVENT: &str = "data: open\n\n";

/// The variable with the secret of the client that introspects.
const SECRET: &str = "BENCH_CLIENT_SECRET";

/// A running service.
pub(super) struct Service {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// The key that it takes.
    pub(super) api_key: String,
}

/// What it is told at its start.
#[derive(Args)]
pub(crate) struct Serve {
    /// Whose tokens are taken
    issuer: String,
    /// Whom they are for
    audience: String,
    /// Who introspects; the secret stands in the environment
    client_id: String,
}

/// What it prints in its first line.
#[derive(Deserialize)]
struct Ready {
    listen: String,
    api_key: String,
}

impl Service {
    /// Starts one that takes tokens of `server`.
    pub(super) async fn start(
        server: &Target,
        token: &Token,
        scratch: &Path,
    ) -> anyhow::Result<Self> {
        let known = &server.known;
        let itself = (known.client_id.clone(), known.client_secret.clone());
        let (client_id, client_secret) = known.opaque.clone().unwrap_or(itself);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["guarded", &format!("http://{}", server.address)])
            .args([&token.audience, &client_id])
            .env(SECRET, client_secret);
        let (process, line) = Process::ready(command, &scratch.join("service.log")).await?;
        let ready: Ready =
            serde_json::from_str(&line).context("the first line is not understood")?;
        Ok(Self {
            process,
            address: loopback(&ready.listen)?,
            api_key: ready.api_key,
        })
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await
    }
}

impl Serve {
    /// Serves until it is stopped.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let required: Scope = "read".parse()?;
        let api_key = opaque::mint(
            opaque::API_KEY,
            &mut Cx::new(SystemClock.now(), &mut OsEntropy),
        );
        let keys = Guard::builder().api_keys(Arc::new(OneKey(api_key.digest(), required.clone())));
        let issuer = || Issuer::new(&self.issuer, &self.audience);
        let tokens = Guard::builder().issuer(issuer());
        let secret = Secret::new(std::env::var(SECRET).context(SECRET)?);
        let client = ClientCredentials::confidential(&self.client_id, secret);
        let opaque = Guard::builder().issuer(issuer().introspection(Introspection::new(client)));
        let router = Router::new()
            .route(BARE, get(item))
            .route(STREAM, get(stream))
            .route(JWT, get(item).layer(tokens.build().layer(required.clone())))
            .route(
                API_KEY,
                get(item).layer(keys.build().layer(required.clone())),
            )
            .route(OPAQUE, get(item).layer(opaque.build().layer(required)));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let listen = format!("http://{}", listener.local_addr()?);
        println!(
            "{}",
            json!({ "listen": listen, "api_key": api_key.expose() })
        );
        Ok(axum::serve(listener, router).await?)
    }
}

async fn item() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], ITEM)
}

async fn stream() -> Response {
    let first = futures_util::stream::iter([Ok::<_, Infallible>(EVENT)]);
    let silence = futures_util::stream::pending();
    let events = futures_util::StreamExt::chain(first, silence);
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// Everybody who has this key may do this.
struct OneKey(Digest, Scope);

#[async_trait]
impl ApiKeys for OneKey {
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable> {
        Ok((*digest == self.0).then(|| KeyHolder {
            subject: UserId::new("us_1"),
            scope: self.1.clone(),
            name: "bench".to_owned(),
        }))
    }
}
