//! A service behind a guard that has people log in at the server.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::HeaderMap;
use axum::response::Html;
use gatepass_gateway::{Config, Gate};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::gatepass::Gatepass;

/// The guard and the service; both end with this value.
pub(crate) struct Guarded {
    /// Where people find the service.
    pub(crate) url: String,
    serving: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl Guarded {
    /// A service that greets whoever the guard says is there.
    pub(crate) async fn start(server: &Gatepass) -> Result<Self> {
        let (upstream, service) = open().await?;
        let (url, guard) = open().await?;
        let redirect_uri = format!("{url}/.gatepass/callback");
        let client = server
            .admin(&[
                "client",
                "add",
                "Items",
                "--grant",
                "authorization_code",
                "--scope",
                "openid profile",
                "--redirect-uri",
                &redirect_uri,
            ])
            .await?;
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("guard.toml");
        std::fs::write(
            &config,
            settings(&url, &upstream, &server.offer.issuer, &client, &folder)?,
        )?;
        let gate = Gate::new(&Config::read(&config)?).await?;
        Ok(Self {
            url,
            serving: vec![
                serve(service, Router::new().fallback(greeting)),
                serve(guard, gate.router()),
            ],
            _folder: folder,
        })
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn greeting(headers: HeaderMap) -> Html<String> {
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let user = of("x-gatepass-username").unwrap_or("nobody");
    let cookies = of("cookie").unwrap_or("none");
    Html(format!(
        "<!doctype html><html lang=en><title>Items</title><link rel=icon href=data:,>\
         <h1>Good day, {user}</h1><p id=cookies>{cookies}</p>"
    ))
}

fn settings(
    url: &str,
    upstream: &str,
    issuer: &str,
    client: &Value,
    folder: &TempDir,
) -> Result<String> {
    let of = |name: &str| client.get(name).and_then(Value::as_str).context("a client");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, of("client_secret")?)?;
    Ok(format!(
        "upstream = {upstream:?}\npublic_url = {url:?}\n\
         [[issuer]]\nissuer = {issuer:?}\n\
         [otherwise]\nscope = \"read\"\n\
         [login]\nissuer = {issuer:?}\nclient_id = {:?}\nclient_secret = {{ file = {secret:?} }}\n\
         scope = \"openid profile\"\nallow = \"everyone\"\nopens = \"read\"\n",
        of("client_id")?
    ))
}

/// A listener, and its origin.
pub(crate) async fn open() -> Result<(String, TcpListener)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok((format!("http://{}", listener.local_addr()?), listener))
}

pub(crate) fn serve(listener: TcpListener, router: Router) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        // It ends when it is aborted.
        let _ = axum::serve(listener, service).await;
    })
}
