//! A real Chromium in front of a real `gatepass serve --dev`.
//!
//! Run by `cargo xtask browser` (and so by `cargo xtask test`), which installs Chromium and builds the server; a plain
//! `cargo test` leaves this target out (`test = false`). What the pages looked like is left in `target/screenshots`.

mod across;
mod callback;
mod chromium;
mod gatepass;
mod guarded;
mod screenshot;

use anyhow::{Result, ensure};
use fantoccini::Locator;

use crate::callback::Callback;
use crate::chromium::{Chromium, Options};
use crate::gatepass::{Gatepass, Offer};
use crate::guarded::Guarded;
use crate::screenshot::photograph;

const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
const STATE: &str = "a state & nothing else";

#[tokio::test]
async fn logs_in_consents_and_arrives_at_the_client() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    the_whole_way(&server, Options::default()).await
}

#[tokio::test]
async fn needs_no_javascript() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let options = Options {
        javascript: false,
        ..Options::default()
    };
    the_whole_way(&server, options).await
}

#[tokio::test]
async fn under_tls_the_cookies_are_bound_to_the_host() -> Result<()> {
    let server = Gatepass::start(&["--tls", "dev"]).await?;
    ensure!(
        server.offer.issuer.starts_with("https://"),
        "no TLS: {}",
        server.offer.issuer
    );
    let options = Options {
        any_certificate: true,
        ..Options::default()
    };
    the_whole_way(&server, options.clone()).await?;

    let browser = Chromium::start(options).await?;
    browser
        .goto(&authorize(&server.offer, OUT_OF_BAND)?)
        .await?;
    log_in(&browser, &server.offer).await?;
    let cookies = browser.client.get_all_cookies().await?;
    ensure!(!cookies.is_empty(), "a login leaves a cookie");
    for cookie in cookies {
        ensure!(cookie.name().starts_with("__Host-"), "the name of {cookie}");
        ensure!(cookie.secure() == Some(true), "{cookie} is not Secure");
        ensure!(cookie.http_only() == Some(true), "{cookie} is not HttpOnly");
        ensure!(cookie.same_site().is_some(), "{cookie} has no SameSite");
    }
    Ok(())
}

/// Login, consent, callback.
async fn the_whole_way(server: &Gatepass, options: Options) -> Result<()> {
    let mut callback = Callback::open().await?;
    let browser = Chromium::start(options).await?;
    browser
        .goto(&authorize(&server.offer, callback.redirect_uri())?)
        .await?;
    log_in(&browser, &server.offer).await?;
    ensure!(
        browser.text("main").await?.contains(&server.offer.user),
        "the consent page names who is logged in"
    );
    decide(&browser, "allow").await?;

    let arrived = callback.arrival().await?;
    ensure!(
        arrived.get("state").map(String::as_str) == Some(STATE),
        "the state: {arrived:?}"
    );
    ensure!(
        arrived.get("iss") == Some(&server.offer.issuer),
        "the issuer (RFC 9207): {arrived:?}"
    );
    ensure!(
        arrived.get("code").is_some_and(|code| code.len() >= 32),
        "a code: {arrived:?}"
    );
    ensure!(
        browser.text("h1").await? == callback::GREETING,
        "the client's own page is shown"
    );
    browser.console_is_clean().await
}

#[tokio::test]
async fn denies() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let mut callback = Callback::open().await?;
    let browser = Chromium::start(Options::default()).await?;
    browser
        .goto(&authorize(&server.offer, callback.redirect_uri())?)
        .await?;
    log_in(&browser, &server.offer).await?;
    decide(&browser, "deny").await?;

    let arrived = callback.arrival().await?;
    ensure!(
        arrived.get("error").map(String::as_str) == Some("access_denied"),
        "the error: {arrived:?}"
    );
    ensure!(
        arrived.get("state").map(String::as_str) == Some(STATE),
        "the state: {arrived:?}"
    );
    ensure!(!arrived.contains_key("code"), "no code: {arrived:?}");
    browser.console_is_clean().await
}

#[tokio::test]
async fn mistypes_the_password_and_tries_again() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let mut callback = Callback::open().await?;
    let browser = Chromium::start(Options::default()).await?;
    browser
        .goto(&authorize(&server.offer, callback.redirect_uri())?)
        .await?;
    browser.fill("username", &server.offer.user).await?;
    browser.fill("password", "not it").await?;
    browser.press("button[type=submit]").await?;

    let alert = browser.text("[role=alert]").await?;
    ensure!(!alert.is_empty(), "the page says what was wrong");
    ensure!(
        browser.value("username").await? == server.offer.user,
        "the username is kept"
    );
    ensure!(
        browser.value("password").await?.is_empty(),
        "the password is not"
    );
    ensure!(
        browser.focused().await? == "password",
        "one can go on typing"
    );
    photograph(&browser, "login-error").await?;
    // A refusal has the status of one, which is worth a line to the browser.
    for line in browser.console().await? {
        ensure!(
            line.contains("/oauth/login") && line.contains("status of 4"),
            "the console: {line}"
        );
    }

    // From the keyboard alone this time.
    browser
        .type_on(&format!("{}\u{e007}", server.offer.password))
        .await?;
    browser.wait_for("button[value=allow]").await?;
    decide(&browser, "allow").await?;
    ensure!(
        callback.arrival().await?.contains_key("code"),
        "the second try leads on"
    );
    browser.console_is_clean().await
}

#[tokio::test]
async fn a_code_is_shown_out_of_band() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let browser = Chromium::start(Options::default()).await?;
    browser
        .goto(&authorize(&server.offer, OUT_OF_BAND)?)
        .await?;
    photograph(&browser, "login").await?;
    log_in(&browser, &server.offer).await?;
    photograph(&browser, "consent").await?;
    decide(&browser, "allow").await?;

    let code = browser.text("#code").await?;
    ensure!(
        code.len() >= 32 && !code.contains(char::is_whitespace),
        "a code in one piece: {code:?}"
    );
    ensure!(
        browser
            .client
            .find_all(Locator::Css("form"))
            .await?
            .is_empty(),
        "no form"
    );
    ensure!(
        !browser.client.current_url().await?.as_str().contains(&code),
        "the address keeps the secret"
    );
    photograph(&browser, "out-of-band").await?;
    browser.console_is_clean().await
}

#[tokio::test]
async fn a_bad_redirect_is_a_page_and_no_redirect() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let browser = Chromium::start(Options::default()).await?;
    let address = authorize(&server.offer, "https://elsewhere.example/callback")?;
    browser.goto(&address).await?;
    ensure!(
        browser.client.current_url().await?.as_str() == address,
        "the browser stays where it is"
    );
    ensure!(
        browser
            .client
            .find_all(Locator::Css("form, a"))
            .await?
            .is_empty(),
        "nothing leads on"
    );
    ensure!(
        !browser.text("h1").await?.is_empty(),
        "the page says what is wrong"
    );
    photograph(&browser, "error").await
}

#[tokio::test]
async fn a_guarded_service_is_entered_and_left() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let service = Guarded::start(&server).await?;
    let browser = Chromium::start(Options {
        javascript: false,
        ..Options::default()
    })
    .await?;
    let page = format!("{}/items?page=2", service.url);
    browser.goto(&page).await?;
    log_in(&browser, &server.offer).await?;
    decide(&browser, "allow").await?;
    let greeting = format!("Good day, {}", server.offer.user);
    browser.wait_for("#cookies").await?;
    ensure!(
        browser.text("h1").await? == greeting,
        "the guard tells who it is"
    );
    ensure!(
        browser.client.current_url().await?.as_str() == page,
        "where they wanted to go"
    );
    let cookies = browser.text("#cookies").await?;
    ensure!(
        !cookies.contains("gatepass-login"),
        "the service got {cookies}"
    );

    browser
        .goto(&format!("{}/.gatepass/logout", service.url))
        .await?;
    photograph(&browser, "guard-logout").await?;
    browser.press("form button").await?;
    // The provider asks once more, for sessions hold no ID token to show it.
    browser.wait_for("button.first").await?;
    browser.press("button.first").await?;
    browser.wait_for("main:not(:has(form))").await?;
    ensure!(
        browser.text("h1").await? == "Logged out",
        "the provider says so too"
    );
    browser.goto(&page).await?;
    browser.labels_are_there().await?;
    ensure!(
        browser.value("password").await?.is_empty(),
        "there is a login to be made again"
    );
    browser.console_is_clean().await
}

#[tokio::test]
async fn a_login_that_nobody_began_ends_on_a_page() -> Result<()> {
    let server = Gatepass::start(&[]).await?;
    let service = Guarded::start(&server).await?;
    let browser = Chromium::start(Options::default()).await?;
    browser
        .goto(&format!(
            "{}/.gatepass/callback?code=x&state=y",
            service.url
        ))
        .await?;
    ensure!(
        !browser.text("h1").await?.is_empty(),
        "the page says what is wrong"
    );
    photograph(&browser, "guard-error").await
}

/// The address that a client would send its user to.
fn authorize(offer: &Offer, redirect_uri: &str) -> Result<String> {
    let mut address = url::Url::parse(&offer.issuer)?.join("/oauth/authorize")?;
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &offer.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", "read write")
        .append_pair("state", STATE);
    Ok(address.into())
}

async fn log_in(browser: &Chromium, offer: &Offer) -> Result<()> {
    browser.labels_are_there().await?;
    browser.fill("username", &offer.user).await?;
    browser.fill("password", &offer.password).await?;
    browser.press("button[type=submit]").await?;
    browser.wait_for("button[value=allow]").await
}

async fn decide(browser: &Chromium, decision: &str) -> Result<()> {
    browser.labels_are_there().await?;
    browser
        .press(&format!("button[name=decision][value={decision}]"))
        .await
}
