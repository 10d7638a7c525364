//! nginx in front of an API asks our guard about each request (`auth_request`).

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
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

use crate::program::{Program, servers};
use crate::web::listens;

/// How often the port may be taken by somebody else before nginx has it.
const TRIES: usize = 5;
/// Who issues the tokens, and for whom.
const ISSUER: &str = "https://login.example.com";
const API: &str = "https://api.example.com";
/// What the guard goes by.
const SETTINGS: &str = r#"
public_url = "https://api.example.com"
forward_auth = ["nginx"]
proxies = { trusted = ["127.0.0.1"] }
login = { issuer = "https://login.example.com", client_id = "api", allow = "everyone" }

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

/// A guard, and nginx that asks it.
struct Pair {
    key: SigningKey,
    address: SocketAddr,
    _folder: TempDir,
    _nginx: Program,
}

impl Pair {
    async fn start() -> Result<Self> {
        let key = SigningKey::generate("ES256", &mut Cx::new(SystemClock.now(), &mut OsEntropy))?;
        let guard = guard(&key).await?;
        for _ in 0..TRIES {
            let folder = tempfile::tempdir()?;
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let address = listener.local_addr()?;
            drop(listener);
            let mut nginx = nginx(&folder, address, guard)?;
            if listens(&mut nginx, folder.path()).await? {
                return Ok(Self {
                    key,
                    address,
                    _folder: folder,
                    _nginx: nginx,
                });
            }
        }
        anyhow::bail!("nginx did not start; what it said is above")
    }

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

    /// Asks nginx, byte for byte; the whole answer.
    async fn ask(&self, line: &str, headers: &[&str]) -> Result<String> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut text = format!("{line} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n");
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn status(&self, line: &str, headers: &[&str]) -> Result<u16> {
        let answer = self.ask(line, headers).await?;
        let status = answer.split(' ').nth(1).context("a status")?;
        Ok(status.parse()?)
    }
}

/// Starts a guard that takes tokens under this key; where it is.
async fn guard(key: &SigningKey) -> Result<SocketAddr> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("guard.toml");
    fs::write(&path, SETTINGS)?;
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
    Ok(address)
}

fn nginx(folder: &TempDir, address: SocketAddr, guard: SocketAddr) -> Result<Program> {
    let place = folder.path().to_str().context("UTF-8")?;
    let text = fs::read_to_string(servers("web").join("forward_auth.conf"))?
        .replace("@ADDRESS@", &address.to_string())
        .replace("@GUARD@", &guard.to_string())
        .replace("@FOLDER@", place);
    let config = folder.path().join("forward_auth.conf");
    fs::write(&config, text)?;
    let config = config.to_str().context("UTF-8")?;
    let words = ["-p", place, "-c", config, "-e", "stderr"];
    Program::foreign("NGINX_BIN", &words, Stdio::null())
}

#[tokio::test]
async fn nginx_lets_pass_what_the_guard_lets_pass() -> Result<()> {
    let pair = Pair::start().await?;
    let (read, admin) = (pair.bearer("read")?, pair.bearer("admin")?);
    for (line, token, status) in [
        ("GET /public/x", None, 200),
        ("GET /things/1", None, 401),
        ("GET /things/1", Some(&read), 200),
        ("DELETE /things/1", Some(&read), 403),
        ("GET /admin/x?y=z", Some(&read), 403),
        ("GET /admin/x?y=z", Some(&admin), 200),
    ] {
        let headers: Vec<&str> = token.iter().map(|token| token.as_str()).collect();
        let said = pair.status(line, &headers).await?;
        ensure!(said == status, "{line}: {said}");
    }
    let answer = pair
        .ask("GET /things/1?a=b", &[&read, "Cookie: theme=dark"])
        .await?;
    for line in [
        "GET /things/1?a=b\n",
        "subject: ann\n",
        "scope: read\n",
        "authorization: \n",
        "cookie: theme=dark\n",
    ] {
        ensure!(answer.contains(line), "{line}: {answer}");
    }
    let answer = pair.ask("GET /things/1", &[]).await?;
    let challenge = "www-authenticate: bearer realm=\"gatepass\"";
    ensure!(answer.to_lowercase().contains(challenge), "{answer}");
    ensure!(answer.contains("oauth-protected-resource"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn nothing_that_a_client_writes_changes_what_nginx_asks() -> Result<()> {
    let pair = Pair::start().await?;
    let read = pair.bearer("read")?;
    for spoofed in [
        "X-Original-URI: /public/x",
        "X-Original-Method: GET",
        "X_Original_URI: /public/x",
        "X-Forwarded-Uri: /public/x",
        "X-Original-URL: /public/x",
    ] {
        for line in ["GET /admin/x", "DELETE /things/1"] {
            let said = pair.status(line, &[&read, spoofed]).await?;
            ensure!(said == 403, "{line} {spoofed}: {said}");
        }
    }
    for path in [
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "/public/..%2fadmin/x",
        "/public/..;/admin/x",
        "//admin/x",
        "/public//../admin/x",
        "/public/%252e%252e/admin/x",
    ] {
        let said = pair.status(&format!("GET {path}"), &[&read]).await?;
        ensure!(matches!(said, 400 | 401 | 403), "{path}: {said}");
    }
    for forged in ["X-Gatepass-Subject: root", "X-Gatepass-Scope: admin"] {
        let answer = pair.ask("GET /public/x", &[forged]).await?;
        ensure!(
            !answer.contains("root") && !answer.contains("scope: admin"),
            "{answer}"
        );
    }
    // Only nginx asks.
    let headers = [read.as_str(), "X-Original-URI: /public/x"];
    let said = pair.status("GET /.gatepass/auth/nginx", &headers).await?;
    ensure!(said == 404, "{said}");
    Ok(())
}

#[tokio::test]
async fn nginx_sends_people_to_log_in() -> Result<()> {
    let pair = Pair::start().await?;
    let page = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];
    let answer = pair.ask("GET /pages/a?b=c%20d", &page).await?;
    let place = format!("{API}/.gatepass/login?return_to=%2Fpages%2Fa%3Fb%3Dc%2520d");
    ensure!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    ensure!(answer.contains(&place), "{answer}");
    // A program is told as much as without a login.
    let read = pair.bearer("read")?;
    let said = pair.status("GET /things/1", &[page[0], &read]).await?;
    ensure!(said == 200, "{said}");
    Ok(())
}
