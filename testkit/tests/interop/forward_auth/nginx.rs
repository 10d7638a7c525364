//! nginx, by `auth_request`.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{API, Front, TRIES, guard};
use crate::program::{Program, servers};
use crate::web::listens;

async fn start() -> Result<Front> {
    let guard = guard().await?;
    for _ in 0..TRIES {
        let folder = tempfile::tempdir()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        drop(listener);
        let mut nginx = nginx(&folder, address, guard.address)?;
        if listens(&mut nginx, folder.path()).await? {
            return Ok(Front {
                key: guard.key,
                address,
                provider: guard.provider,
                _folder: folder,
                _proxy: nginx,
            });
        }
    }
    anyhow::bail!("nginx did not start; what it said is above")
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
    let front = start().await?;
    front.passes_by_the_rules().await?;
    let headers = [&front.bearer("read")?, "Cookie: theme=dark"];
    let answer = front.ask("GET /things/1?a=b", &headers).await?;
    for line in [
        "GET /things/1?a=b\n",
        "subject: ann\n",
        "scope: read\n",
        "authorization: \n",
        "cookie: theme=dark\n",
    ] {
        ensure!(answer.contains(line), "{line}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_that_a_client_writes_changes_what_nginx_asks() -> Result<()> {
    let front = start().await?;
    front.is_not_misled().await?;
    // Only nginx asks.
    let headers = [&front.bearer("read")?, "X-Original-URI: /public/x"];
    let said = front.status("GET /.gatepass/auth/nginx", &headers).await?;
    ensure!(said == 404, "{said}");
    Ok(())
}

#[tokio::test]
async fn nginx_sends_people_to_log_in() -> Result<()> {
    let front = start().await?;
    let page = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];
    let answer = front.ask("GET /pages/a?b=c%20d", &page).await?;
    let place = format!("{API}/.gatepass/login?return_to=%2Fpages%2Fa%3Fb%3Dc%2520d");
    ensure!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    ensure!(answer.contains(&place), "{answer}");
    // A program is told as much as without a login.
    let read = front.bearer("read")?;
    let said = front.status("GET /things/1", &[page[0], &read]).await?;
    ensure!(said == 200, "{said}");
    Ok(())
}
