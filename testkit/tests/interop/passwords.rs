//! Basic and Digest, at nginx, lighttpd and httpbin.

use anyhow::{Result, ensure};
use gatepass_client::Session;

use crate::agent::PASSWORD;
use crate::home::Home;
use crate::web::{PAGE, USER, Web};

/// A home with a profile for this server, whose password is in a file.
fn home(web: &Web, method: &str, password: &str) -> Result<(Home, Session)> {
    let home = Home::new()?;
    let file = home.file("password", password)?;
    let profile = home.profile(&format!(
        "method = {method:?}\napi = [{:?}]\nusername = {USER:?}\npassword = {{ file = {file:?} }}\n",
        web.origin
    ))?;
    let session = Session::open(&profile, &home.paths())?;
    Ok((home, session))
}

#[tokio::test]
async fn nginx_asks_for_basic() -> Result<()> {
    let web = Web::nginx().await?;
    let url = format!("{}/basic/page", web.origin);
    let (right, _) = home(&web, "basic", PASSWORD)?;
    let told = right.run(&["get", &url]).await?.code(0)?;
    ensure!(told.stdout == PAGE, "{told:#?}");
    let (wrong, _) = home(&web, "basic", "another")?;
    let told = wrong.run(&["get", &url]).await?.code(4)?;
    ensure!(
        told.stdout.contains("401 Authorization Required"),
        "{told:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn nginx_redirects_and_the_password_stays() -> Result<()> {
    let (web, other) = (Web::nginx().await?, Web::nginx().await?);
    let (person, _) = home(&web, "basic", PASSWORD)?;
    for (to, seen) in [(&web, true), (&other, false)] {
        let url = format!("{}/elsewhere?to={}/seen", web.origin, to.origin);
        let told = person.run(&["get", &url]).await?.code(0)?;
        ensure!(told.stdout.starts_with("authorization:"), "{told:#?}");
        ensure!(told.stdout.contains("Basic ") == seen, "{seen}: {told:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn lighttpd_asks_for_digest() -> Result<()> {
    let web = Web::lighttpd()?;
    let (right, session) = home(&web, "digest", PASSWORD)?;
    let (wrong, _) = home(&web, "digest", "another")?;
    for algorithm in ["md5", "sha-256", "both"] {
        let url = format!("{}/{algorithm}/page", web.origin);
        let told = right.run(&["get", &url]).await?.code(0)?;
        ensure!(told.stdout == PAGE, "{algorithm}: {told:#?}");
        wrong.run(&["get", &url]).await?.code(4)?;
        // A challenge that is known is answered at once, with a higher count each time.
        for _ in 0..3 {
            let answer = session.get(&url).send().await?;
            ensure!(answer.status() == 200, "{algorithm}: {}", answer.status());
            ensure!(answer.text().await? == PAGE);
        }
    }
    Ok(())
}

#[tokio::test]
async fn httpbin_asks_for_digest() -> Result<()> {
    let web = Web::httpbin().await?;
    let (right, session) = home(&web, "digest", "horse")?;
    let (wrong, _) = home(&web, "digest", "another")?;
    let place = |qop: &str, algorithm: &str| {
        format!("{}/digest-auth/{qop}/{USER}/horse/{algorithm}", web.origin)
    };
    for (qop, algorithm) in [
        ("auth", "MD5"),
        ("auth", "SHA-256"),
        ("auth-int", "SHA-256"),
        ("none", "MD5"),
    ] {
        let url = place(qop, algorithm);
        let told = right.run(&["get", &url]).await?.json()?;
        ensure!(told["user"] == USER, "{qop} {algorithm}: {told}");
        wrong.run(&["get", &url]).await?.code(4)?;
        let answer = session.get(&url).send().await?;
        ensure!(answer.status() == 200, "{qop} {algorithm}");
    }
    // This one is not in RFC 7616.
    let told = right.run(&["get", &place("auth", "SHA-512")]).await?;
    told.complaining(1, "with algorithm")
}

#[tokio::test]
async fn httpbin_takes_what_the_other_methods_send() -> Result<()> {
    let web = Web::httpbin().await?;
    let url = format!("{}/basic-auth/{USER}/correct%20horse", web.origin);
    let (person, _) = home(&web, "basic", PASSWORD)?;
    let told = person.run(&["get", &url]).await?.json()?;
    ensure!(told["authenticated"] == true, "{told}");

    for (lines, path, member) in [
        ("method = \"bearer\"\ntoken", "/bearer", "/token"),
        (
            "method = \"api_key\"\nquery = \"k\"\nkey",
            "/get",
            "/args/k",
        ),
        (
            "method = \"api_key\"\nheader = \"X-Key\"\nkey",
            "/headers",
            "/headers/X-Key",
        ),
        (
            "method = \"api_key\"\ncookie = \"k\"\nkey",
            "/cookies",
            "/cookies/k",
        ),
    ] {
        let home = Home::new()?;
        let file = home.file("secret", "abc.123")?;
        home.profile(&format!(
            "api = [{:?}]\n{lines} = {{ file = {file:?} }}\n",
            web.origin
        ))?;
        let url = format!("{}{path}", web.origin);
        let told = home.run(&["get", &url]).await?.json()?;
        let seen = told.pointer(member).and_then(serde_json::Value::as_str);
        ensure!(seen == Some("abc.123"), "{path}: {told}");
    }
    Ok(())
}
