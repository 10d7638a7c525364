//! The guard: as a layer beside the same service without it, as a proxy beside nginx, and what open streams cost.

mod gate;
mod nginx;
pub(crate) mod service;
mod streams;
mod table;
mod token;

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use self::gate::Gate;
use self::nginx::Nginx;
use self::service::Service;
use self::streams::Streams;
use self::table::{Entry, Table};
use self::token::Token;
use crate::program::Program;
use crate::rounds::Plan;
use crate::target::Target;

/// What was measured of the guard.
#[derive(Serialize)]
pub(crate) struct Guard {
    layer: Table,
    proxies: Table,
    streams: Vec<Streams>,
}

impl Guard {
    /// Measures everything, with tokens of `server`.
    pub(crate) async fn measure(
        plan: &Plan,
        gatepass: &Program,
        server: &Target,
    ) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        let token = Token::of(server).await?;
        let service = Service::start(server, &token, scratch.path()).await?;
        eprintln!("the layer …");
        let layer = layer(plan, &service, &token).await?;
        eprintln!("the proxies …");
        let gate = Gate::start(gatepass, server, &token, &service, scratch.path()).await?;
        let nginx = Nginx::start(&service, &gate, scratch.path()).await?;
        let proxies = proxies(plan, &service, &gate, &nginx, &token).await?;
        let streams = streams(&gate, &nginx, &token).await?;
        nginx.stop().await?;
        gate.stop().await?;
        service.stop().await?;
        Ok(Self {
            layer,
            proxies,
            streams,
        })
    }
}

/// The same service, the same answer: with nothing in front of it, and with the layer.
async fn layer(plan: &Plan, service: &Service, token: &Token) -> anyhow::Result<Table> {
    let at = |name, path, header: String| Entry {
        name,
        process: &service.process,
        address: service.address,
        request: request(path, &header),
    };
    Table::measure(
        "through the layer, one core",
        plan,
        &[
            at("no layer", service::BARE, String::new()),
            at("JWT", service::JWT, token.header(&token.jwt)),
            at(
                "API key",
                service::API_KEY,
                format!("X-API-Key: {}\r\n", service.api_key),
            ),
            at(
                "opaque, introspected, cached",
                service::OPAQUE,
                token.header(&token.opaque),
            ),
        ],
    )
    .await
}

/// The same service behind a proxy, all on one core; nginx asks nobody, or asks us.
async fn proxies(
    plan: &Plan,
    service: &Service,
    gate: &Gate,
    nginx: &Nginx,
    token: &Token,
) -> anyhow::Result<Table> {
    let bearer = token.header(&token.jwt);
    let at = |name, process, address| Entry {
        name,
        process,
        address,
        request: request(service::BARE, &bearer),
    };
    Table::measure(
        "through a proxy, one core for all",
        plan,
        &[
            at("nginx proxy_pass", &nginx.process, nginx.passing),
            at("gatepass guard, JWT", &gate.process, gate.address),
            at("nginx auth_request, gatepass", &nginx.process, nginx.asking),
            at("no proxy", &service.process, service.address),
        ],
    )
    .await
}

async fn streams(gate: &Gate, nginx: &Nginx, token: &Token) -> anyhow::Result<Vec<Streams>> {
    eprintln!("open streams …");
    let request = request(service::STREAM, &token.header(&token.jwt));
    let ours = Streams::hold("gatepass guard", &gate.process, gate.address, &request).await?;
    let peer = Streams::hold("nginx proxy_pass", &nginx.process, nginx.passing, &request).await?;
    Ok(vec![ours, peer])
}

fn request(path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: api.example.com\r\n{header}\r\n").into_bytes()
}

/// A file that a program reads its settings from.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<std::path::PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    Ok(path)
}
