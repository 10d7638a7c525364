//! Pages of other origins that call a guarded API.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse};
use axum::routing::any;
use gatepass_gateway::{Config, Gate};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::chromium::{Chromium, Options};
use crate::gatepass::Gatepass;
use crate::guarded::{open, serve};
use crate::{decide, log_in};

/// What reached the API: each time the method.
type Served = Arc<Mutex<Vec<Method>>>;

/// A guarded API, the server that its tokens come from, and two pages that call it; all end with this value.
struct Across {
    server: Gatepass,
    api: String,
    /// The page that may call it.
    page: String,
    /// The same page at another origin, which may not.
    stranger: String,
    served: Served,
    serving: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl Across {
    async fn start() -> Result<Self> {
        let (upstream, service) = open().await?;
        let (api, guard) = open().await?;
        let (page, page_listener) = open().await?;
        let (stranger, stranger_listener) = open().await?;
        let server = Gatepass::start(&["--resource", &api]).await?;
        let folder = tempfile::tempdir()?;
        let login = login(&server, &api, &folder).await?;
        let issuer = &server.offer.issuer;
        let settings = format!(
            "upstream = {upstream:?}\npublic_url = {api:?}\n\
             [[issuer]]\nissuer = {issuer:?}\n\
             [[rule]]\npath = \"/**\"\nmethods = [\"DELETE\"]\nscope = \"write\"\n\
             [otherwise]\nscope = \"read\"\n\
             [cors]\norigins = [{page:?}]\nexpose_headers = [\"X-Total-Count\"]\n{login}"
        );
        let config = folder.path().join("guard.toml");
        std::fs::write(&config, settings)?;
        let gate = Gate::new(&Config::read(&config)?).await?;
        let served = Served::default();
        let notes = Router::new()
            .route("/notes", any(answer))
            .with_state(served.clone());
        Ok(Self {
            server,
            api,
            page,
            stranger,
            served,
            serving: vec![
                serve(service, notes),
                serve(guard, gate.router()),
                show(page_listener),
                show(stranger_listener),
            ],
            _folder: folder,
        })
    }

    /// What has reached the API since the last time.
    fn served(&self) -> Vec<Method> {
        let served = self.served.lock();
        std::mem::take(&mut *served.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Across {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

/// The settings for people who log in at the guard itself.
async fn login(server: &Gatepass, api: &str, folder: &TempDir) -> Result<String> {
    let redirect_uri = format!("{api}/.gatepass/callback");
    let words = [
        "client",
        "add",
        "Notes",
        "--scope",
        "openid",
        "--redirect-uri",
    ];
    let client = server
        .admin(&[&words[..], &[&redirect_uri]].concat())
        .await?;
    let of = |name: &str| client.get(name).and_then(Value::as_str).context("a client");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, of("client_secret")?)?;
    Ok(format!(
        "[login]\nissuer = {:?}\nclient_id = {:?}\nclient_secret = {{ file = {secret:?} }}\n\
         scope = \"openid\"\nallow = \"everyone\"\nopens = \"read\"\n",
        server.offer.issuer,
        of("client_id")?
    ))
}

/// The API, which takes cookies from every page for all that it says.
async fn answer(
    State(served): State<Served>,
    method: Method,
    headers: HeaderMap,
) -> impl IntoResponse {
    let origin = headers
        .get("origin")
        .and_then(|origin| origin.to_str().ok());
    let origin = origin.unwrap_or("null").to_owned();
    let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
    served.push(method.clone());
    (
        [
            ("x-total-count", "42".to_owned()),
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true".to_owned()),
        ],
        format!("{{\"method\":\"{method}\"}}"),
    )
}

fn show(listener: TcpListener) -> JoinHandle<()> {
    let page = || async { Html(include_str!("across.html")) };
    serve(listener, Router::new().fallback(page))
}

#[tokio::test]
async fn a_page_finds_its_way_from_a_401_to_the_data() -> Result<()> {
    let world = Across::start().await?;
    let browser = Chromium::start(Options::default()).await?;
    let Across {
        api, page, server, ..
    } = &world;
    browser.goto(&format!("{page}/?api={api}/notes")).await?;
    // The page goes there when it knows where.
    browser.wait_for("input[name=username]").await?;
    log_in(&browser, &server.offer).await?;
    decide(&browser, "allow").await?;
    ensure!(browser.text("#method").await? == "PUT", "the data is read");
    ensure!(browser.text("#total").await? == "42", "and what is exposed");
    let challenge = browser.text("#challenge").await?;
    ensure!(
        challenge.contains("insufficient_scope") && challenge.contains("scope=\"write\""),
        "the page reads why it is refused: {challenge}"
    );
    ensure!(
        world.served() == [Method::PUT],
        "what was asked before is the guard's"
    );
    for line in browser.console().await? {
        ensure!(line.contains("status of 40"), "the console: {line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_that_may_not_call_sees_nothing() -> Result<()> {
    let world = Across::start().await?;
    let browser = Chromium::start(Options::default()).await?;
    let Across { api, stranger, .. } = &world;
    for question in ["", "&with=omit", "&with=include"] {
        browser
            .goto(&format!("{stranger}/?api={api}/notes{question}"))
            .await?;
        ensure!(
            browser.text("#error").await? == "TypeError",
            "it has read something"
        );
        let said = browser.console().await?.concat();
        ensure!(
            said.contains("blocked by CORS policy"),
            "the console: {said}"
        );
    }
    ensure!(world.served().is_empty(), "nothing reaches the API");
    Ok(())
}

/// Ports of one machine are one site, so the session's cookie goes along with what the pages ask for.
#[tokio::test]
async fn a_session_is_of_no_use_to_a_page_that_may_call() -> Result<()> {
    let world = Across::start().await?;
    let browser = Chromium::start(Options::default()).await?;
    let Across {
        api,
        page,
        stranger,
        server,
        ..
    } = &world;
    browser.goto(&format!("{api}/notes")).await?;
    log_in(&browser, &server.offer).await?;
    decide(&browser, "allow").await?;
    ensure!(
        browser.text("pre").await?.contains("GET"),
        "the person is in"
    );
    ensure!(world.served() == [Method::GET], "with a session");

    browser
        .goto(&format!("{page}/?api={api}/notes&with=include"))
        .await?;
    ensure!(
        browser.text("#error").await? == "TypeError",
        "it has read something"
    );
    ensure!(world.served().is_empty(), "the session was taken");
    browser
        .goto(&format!("{page}/?api={api}/notes&with=omit"))
        .await?;
    ensure!(
        browser.text("#status").await? == "401",
        "the refusal is read"
    );
    ensure!(world.served().is_empty(), "nobody has asked");

    // Reading is no harm that could be told from a link; but here too nothing is read.
    browser
        .goto(&format!("{stranger}/?api={api}/notes&with=include"))
        .await?;
    ensure!(
        browser.text("#error").await? == "TypeError",
        "it has read something"
    );
    ensure!(world.served() == [Method::GET], "the cookie goes along");
    Ok(())
}
