//! Caddy, by `forward_auth`.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use tempfile::TempDir;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Front, ISSUER, TRIES, api, guard};
use crate::program::{Program, servers};

/// How often Caddy is looked for, and how long between.
const LOOKS: usize = 400;
const PAUSE: Duration = Duration::from_millis(25);

async fn start() -> Result<Front> {
    let guard = guard().await?;
    let api = api::start().await?;
    for _ in 0..TRIES {
        let folder = tempfile::tempdir()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        drop(listener);
        let text = fs::read_to_string(servers("web").join("forward_auth.Caddyfile"))?
            .replace("@PORT@", &address.port().to_string())
            .replace("@GUARD@", &guard.address.to_string())
            .replace("@API@", &api.to_string());
        let config = folder.path().join("Caddyfile");
        fs::write(&config, text)?;
        let config = config.to_str().context("UTF-8")?;
        let words = ["run", "--adapter", "caddyfile", "--config", config];
        let mut caddy =
            Program::foreign_at_home(folder.path(), "CADDY_BIN", &words, Stdio::null())?;
        if listens(&mut caddy, &folder).await? {
            return Ok(Front {
                key: guard.key,
                address,
                provider: guard.provider,
                _folder: folder,
                _proxy: caddy,
            });
        }
    }
    anyhow::bail!("Caddy did not start; what it said is above")
}

/// Caddy keeps what it has been told when it has its port.
async fn listens(caddy: &mut Program, home: &TempDir) -> Result<bool> {
    let kept = home.path().join("caddy").join("autosave.json");
    for _ in 0..LOOKS {
        if kept.is_file() {
            return caddy.lives();
        }
        if !caddy.lives()? {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

#[tokio::test]
async fn caddy_lets_pass_what_the_guard_lets_pass() -> Result<()> {
    let front = start().await?;
    front.passes_by_the_rules().await?;
    let headers = [
        &front.bearer("read")?,
        "Cookie: theme=dark; gatepass=secret",
    ];
    let answer = front.ask("GET /things/1?a=b;c&%zz", &headers).await?;
    for line in [
        "GET /things/1?a=b;c&%zz\n",
        "x-gatepass-subject: ann\n",
        "x-gatepass-scope: read\n",
        "cookie: theme=dark\n",
        "x-forwarded-for: 127.0.0.1\n",
    ] {
        ensure!(answer.contains(line), "{line}: {answer}");
    }
    ensure!(!answer.contains("authorization"), "{answer}");
    // The question takes nothing of what is sent.
    let body = "x".repeat(3_000_000);
    let headers = [&*front.bearer("write")?, "Expect:"];
    let answer = front.send("POST /letters", &headers, &body).await?;
    ensure!(answer.contains("POST /letters\n"), "{answer}");
    ensure!(answer.contains("body: 3000000 bytes\n"), "{answer}");
    Ok(())
}

/// Caddy would hand on the name of its own variable where it is not told of a header.
#[tokio::test]
async fn whoever_has_no_name_has_none_for_the_api() -> Result<()> {
    let front = start().await?;
    let answer = front
        .ask("GET /public/x", &["Cookie: gatepass=secret"])
        .await?;
    for line in [
        "x-gatepass-subject: \n",
        "x-gatepass-scope: \n",
        "cookie: \n",
    ] {
        ensure!(answer.contains(line), "{line}: {answer}");
    }
    ensure!(!answer.contains("reverse_proxy"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn nothing_that_a_client_writes_changes_what_caddy_asks() -> Result<()> {
    let front = start().await?;
    front.is_not_misled().await?;
    let read = front.bearer("read")?;
    // Nor what it says to the API: these are for the next hop alone (RFC 9110 §7.6.1), and Caddy's are its own.
    let dropped = "Connection: X-Gatepass-Subject, X-Forwarded-Uri, X-Forwarded-Method";
    let answer = front.ask("GET /things/1", &[&read, dropped]).await?;
    ensure!(answer.contains("x-gatepass-subject: ann\n"), "{answer}");
    let said = front.status("GET /admin/x", &[&read, dropped]).await?;
    ensure!(said == 403, "{said}");
    // Only Caddy asks.
    let asking = [
        &*read,
        "X-Forwarded-Uri: /public/x",
        "X-Forwarded-Method: GET",
    ];
    for place in [
        "/.gatepass/auth/caddy",
        "/.gatepass/%61uth/caddy",
        "//.gatepass/auth/caddy",
        "/.gatepass//auth/caddy",
        "/x/../.gatepass/auth/caddy",
        "/.GATEPASS/auth/caddy",
    ] {
        let said = front.status(&format!("GET {place}"), &asking).await?;
        ensure!(said == 404, "{place}: {said}");
    }
    // The target may be a URL (RFC 9112 §3.2.2).
    let said = front
        .status("GET http://api.example.com/admin/x", &[&read])
        .await?;
    ensure!(said == 403, "{said}");
    Ok(())
}

#[tokio::test]
async fn caddy_joins_websockets_of_those_who_may() -> Result<()> {
    let front = start().await?;
    let url = format!("ws://{}/things/socket", front.address);
    let mut asking = url.as_str().into_client_request()?;
    let refused = connect_async(asking.clone()).await;
    let Err(Error::Http(answer)) = refused else {
        anyhow::bail!("{refused:?}");
    };
    ensure!(answer.status() == 401, "{answer:?}");

    let read = front.bearer("read")?;
    let (_, token) = read.split_once(": ").context("a header")?;
    asking.headers_mut().insert("authorization", token.parse()?);
    let (mut socket, _) = connect_async(asking).await?;
    let told = socket.next().await.context("a message")??.into_text()?;
    ensure!(told.contains("x-gatepass-subject: ann\n"), "{told}");
    ensure!(!told.contains("authorization"), "{told}");
    for text in ["one", &"x".repeat(100_000)] {
        socket.send(Message::text(text)).await?;
        let said = socket.next().await.context("a message")??;
        ensure!(said == Message::text(text), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn caddy_hands_on_what_the_guard_answers() -> Result<()> {
    let front = start().await?;
    let metadata = "GET /.well-known/oauth-protected-resource";
    let answer = front.ask(metadata, &[]).await?;
    ensure!(answer.contains(ISSUER), "{answer}");
    let page = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];
    let answer = front.ask("GET /things/1?a=b", &page).await?;
    let place = format!("{}/authorize?", front.provider);
    ensure!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    ensure!(answer.contains(&place), "{answer}");
    ensure!(answer.contains("Set-Cookie: "), "{answer}");
    let answer = front
        .ask("GET /.gatepass/login?return_to=/a", &page)
        .await?;
    ensure!(answer.contains(&place), "{answer}");
    let twice = ["Authorization: Bearer a", "Authorization: Bearer b"];
    let said = front.status("GET /things/1", &twice).await?;
    ensure!(said == 400, "{said}");
    Ok(())
}
