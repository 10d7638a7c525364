//! A proxy of somebody else's in front of an API asks our guard about each request.

mod api;
mod caddy;
mod nginx;

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use gatepass_gateway::{Config, Gate};
use gatepass_guard::{FixedKeys, Issuer};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::jose::{KeySet, SigningKey};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::Program;

/// How often the port may be taken by somebody else before the proxy has it.
const TRIES: usize = 5;
/// Who issues the tokens, and for whom.
const ISSUER: &str = "https://login.example.com";
const API: &str = "https://api.example.com";
/// What the guard goes by, besides where people log in.
const SETTINGS: &str = r#"
public_url = "https://api.example.com"
forward_auth = ["nginx", "caddy"]
proxies = { trusted = ["127.0.0.1"] }
login = { issuer = "@PROVIDER@", client_id = "api", allow = "everyone" }

[[rule]]
path = "/public/**"
access = "open"

[[rule]]
path = "/admin/**"
scope = "admin"

[[rule]]
path = "/things/**"
methods = ["GET"]
scope = "read"

[otherwise]
scope = "write"
"#;
/// What the guard lets pass: the line of a request, the scope of its token, the status.
const RULES: [(&str, Option<&str>, u16); 6] = [
    ("GET /public/x", None, 200),
    ("GET /things/1", None, 401),
    ("GET /things/1", Some("read"), 200),
    ("DELETE /things/1", Some("read"), 403),
    ("GET /admin/x?y=z", Some("read"), 403),
    ("GET /admin/x?y=z", Some("admin"), 200),
];
/// Paths that some take for one in `/admin` and some for another.
const TRICKS: [&str; 8] = [
    "/public/../admin/x",
    "/public/%2e%2e/admin/x",
    "/public/..%2fadmin/x",
    "/public/..;/admin/x",
    "//admin/x",
    "/public//../admin/x",
    "/public/%252e%252e/admin/x",
    "/public\\..\\admin/x",
];
/// What somebody writes who would like the guard to be asked about something else.
const SPOOFED: [&str; 9] = [
    "X-Original-URI: /public/x",
    "X-Original-Method: GET",
    "X_Original_URI: /public/x",
    "X-Original-URL: /public/x",
    "X-Forwarded-Uri: /public/x",
    "X-Forwarded-Uri: /public/x\r\nX-Forwarded-Uri: /public/y",
    "X_Forwarded_Uri: /public/x",
    "X-Forwarded-Method: GET",
    "X-Forwarded-For: 127.0.0.1",
];

/// A proxy that asks a guard.
struct Front {
    key: SigningKey,
    address: SocketAddr,
    /// Where people log in.
    provider: String,
    _folder: TempDir,
    _proxy: Program,
}

/// What a proxy asks.
struct Asked {
    /// That of the issuer whose tokens it takes.
    key: SigningKey,
    /// Where people log in.
    provider: String,
    address: SocketAddr,
}

impl Front {
    /// The header line with a token of this scope.
    fn bearer(&self, scope: &str) -> Result<String> {
        let now = SystemClock.now().as_secs();
        let claims = json!({
            "iss": ISSUER, "aud": API, "sub": "ann", "client_id": "tool", "scope": scope,
            "iat": now, "exp": now + 600, "jti": "1",
        });
        let token = self.key.sign("at+jwt", &claims)?;
        Ok(format!("Authorization: Bearer {token}"))
    }

    /// Asks the proxy, byte for byte; the whole answer.
    async fn ask(&self, line: &str, headers: &[&str]) -> Result<String> {
        self.send(line, headers, "").await
    }

    /// The same with a body.
    async fn send(&self, line: &str, headers: &[&str], body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut text = format!("{line} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n");
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        stream
            .write_all(format!("{text}\r\n{body}").as_bytes())
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn status(&self, line: &str, headers: &[&str]) -> Result<u16> {
        let answer = self.ask(line, headers).await?;
        let status = answer.split(' ').nth(1).context("a status")?;
        Ok(status.parse()?)
    }

    /// Has the rules hold.
    async fn passes_by_the_rules(&self) -> Result<()> {
        for (line, scope, status) in RULES {
            let token = scope.map(|scope| self.bearer(scope)).transpose()?;
            let headers: Vec<&str> = token.iter().map(String::as_str).collect();
            let said = self.status(line, &headers).await?;
            ensure!(said == status, "{line}: {said}");
        }
        let answer = self.ask("GET /things/1", &[]).await?;
        let challenge = "www-authenticate: bearer realm=\"gatepass\"";
        ensure!(answer.to_lowercase().contains(challenge), "{answer}");
        ensure!(answer.contains("oauth-protected-resource"), "{answer}");
        Ok(())
    }

    /// Has nothing that a client writes change what is asked.
    async fn is_not_misled(&self) -> Result<()> {
        let read = self.bearer("read")?;
        for spoofed in SPOOFED {
            for line in ["GET /admin/x", "DELETE /things/1"] {
                let said = self.status(line, &[&read, spoofed]).await?;
                ensure!(said == 403, "{line} {spoofed}: {said}");
            }
        }
        for path in TRICKS {
            let said = self.status(&format!("GET {path}"), &[&read]).await?;
            ensure!(matches!(said, 400 | 401 | 403), "{path}: {said}");
        }
        for forged in [
            "X-Gatepass-Subject: root",
            "X-Gatepass-Scope: admin",
            "X_Gatepass_Subject: root",
        ] {
            let answer = self.ask("GET /public/x", &[forged]).await?;
            let told = answer.contains("root") || answer.contains("scope: admin");
            ensure!(!told, "{answer}");
        }
        Ok(())
    }
}

/// Starts a guard.
async fn guard() -> Result<Asked> {
    let key = SigningKey::generate("ES256", &mut Cx::new(SystemClock.now(), &mut OsEntropy))?;
    let provider = provider().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("guard.toml");
    fs::write(&path, SETTINGS.replace("@PROVIDER@", &provider))?;
    let keys = Arc::new(FixedKeys::new(KeySet::of([key.jwk()])));
    let config = Config::read(&path)?;
    let gate = Gate::with_guard(&config, move |guard| {
        guard.issuer(Issuer::new(ISSUER, API).keys(keys.clone()))
    });
    let service = gate.await?.router();
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(Asked {
        key,
        provider,
        address,
    })
}

/// An OpenID Provider as far as sending somebody there goes.
async fn provider() -> Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    });
    let metadata = metadata.to_string();
    let router = axum::Router::new().fallback(async move || {
        let kind = [("content-type", "application/json")];
        (kind, metadata.clone())
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(issuer)
}
