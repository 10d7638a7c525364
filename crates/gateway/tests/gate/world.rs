//! A gate between a client and an API.

use std::net::SocketAddr;

use gatepass_gateway::{Config, Gate};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::issuer::Issuer;
use crate::wire::{self, Said};
use crate::{api, wire::send};

/// Under which the API is known.
pub(crate) const API: &str = "https://api.example.com";

/// The settings of most tests. `@…@` are the addresses that are made for each.
const USUAL: &str = r#"
upstream = "@UPSTREAM@"
public_url = "https://api.example.com"

[resource]
scopes_supported = "read write admin"

[[issuer]]
issuer = "@ISSUER@"

[[rule]]
path = "/public/**"
access = "open"

[[rule]]
path = "/never"
access = "denied"

[[rule]]
path = "/admin/**"
scope = "admin"

[[rule]]
path = "/things/**"
methods = ["GET"]
scope = "read"

[[rule]]
path = "/things/**"
scope = "read write"

[[rule]]
path = "/bank"
max_age = "5m"
acr_values = ["mfa"]
"#;

/// A gate, what is behind it, and who issues its tokens.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) api: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl World {
    /// With the usual settings.
    pub(crate) async fn usual() -> Self {
        Self::with("").await
    }

    /// With these lines besides, which come first, for what is no table.
    pub(crate) async fn with(first: &str) -> Self {
        let api = api::start().await;
        Self::before(&format!("http://{api}"), &format!("{first}\n{USUAL}"), api).await
    }

    /// With these lines besides, which come last.
    pub(crate) async fn with_tables(last: &str) -> Self {
        let api = api::start().await;
        Self::before(&format!("http://{api}"), &format!("{USUAL}\n{last}"), api).await
    }

    /// Before this API.
    pub(crate) async fn before_api(api: SocketAddr) -> Self {
        Self::before(&format!("http://{api}"), USUAL, api).await
    }

    /// Before this API, with these lines besides, which come first.
    pub(crate) async fn before_api_with(first: &str, api: SocketAddr) -> Self {
        Self::before(&format!("http://{api}"), &format!("{first}\n{USUAL}"), api).await
    }

    async fn before(upstream: &str, text: &str, api: SocketAddr) -> Self {
        let issuer = Issuer::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = read(&folder, &text.replace("@ISSUER@", &issuer.url), upstream);
        let gate = Gate::new(&config).await.expect("a gate");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let service = gate.router();
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            issuer,
            api,
            gate,
            address,
            folder,
        }
    }

    /// These settings instead; why not, where they are not taken.
    pub(crate) async fn reload(&self, text: &str) -> Result<(), String> {
        let text = text.replace("@ISSUER@", &self.issuer.url);
        let path = self.folder.path().join("guard.toml");
        let text = text.replace("@UPSTREAM@", &format!("http://{}", self.api));
        std::fs::write(&path, text).expect("written");
        let config = Config::read(&path).map_err(|error| error.to_string())?;
        let reloaded = self.gate.reload(&config).await;
        reloaded.map_err(|error| error.to_string())
    }

    /// A request with a good token of this scope.
    pub(crate) async fn ask(&self, line: &str, scope: &str) -> Said {
        let bearer = self.bearer(scope);
        self.send(line, &[&bearer]).await
    }

    pub(crate) async fn send(&self, line: &str, headers: &[&str]) -> Said {
        send(self.address, line, headers).await
    }

    pub(crate) async fn raw(&self, text: &str) -> Said {
        wire::raw(self.address, text).await
    }

    /// The header line with a good token of this scope.
    pub(crate) fn bearer(&self, scope: &str) -> String {
        self.bearer_with(scope, json!({}))
    }

    pub(crate) fn bearer_with(&self, scope: &str, change: Value) -> String {
        format!(
            "Authorization: Bearer {}",
            self.issuer.token(API, scope, change)
        )
    }
}

fn read(folder: &TempDir, text: &str, upstream: &str) -> Config {
    let path = folder.path().join("guard.toml");
    std::fs::write(&path, text.replace("@UPSTREAM@", upstream)).expect("written");
    Config::read(&path).expect("settings")
}
