//! What is in a token, and who it is for.

use anyhow::{Context as _, Result, ensure};
use gatepass_client::{LoginWay, Secret};
use gatepass_proto::jose::access_token::AccessToken;
use serde_json::{Value, json};

use super::{client, logged_in, with};
use crate::server::Server;

#[tokio::test]
async fn what_was_asked_for_is_what_was_got() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    let profile = "scope = \"openid profile email\"";
    let desk = logged_in(&server, client("none"), profile, LoginWay::Auto).await?;
    let token = desk.token().await?;
    let claims = desk.session.userinfo().await?;
    ensure!(claims.sub() == token.subject.as_deref(), "{claims:?}");
    let told = desk
        .home
        .run(&["status", "work", "--output", "json"])
        .await?;
    let told = told.json()?;
    ensure!(
        told[0]["account"].as_str() == token.subject.as_deref(),
        "{told}"
    );
    let logout = desk.session.logout_url().await?.context("a page")?;
    let mut said = logout.query_pairs();
    ensure!(said.any(|(name, _)| name == "id_token_hint"), "{logout}");

    // A token for a payment at a resource: a JWT for it alone, which this server cannot revoke.
    let profile = "scope = \"read\"\nresource = [\"https://api.example.com/v1\"]\n\
                   authorization_details = [{ type = \"payment\", amount = \"3\" }]";
    let payments = json!({ "authorization_details_types": ["payment"] });
    let desk = logged_in(&server, with("none", &payments), profile, LoginWay::Auto).await?;
    let token = desk.token().await?;
    let read = AccessToken::peek(token.access_token.expose()).context("a JWT")?;
    ensure!(read.aud.has("https://api.example.com/v1"), "{:?}", read.aud);
    let details = token.authorization_details;
    ensure!(
        details == Some(json!([{ "type": "payment", "amount": "3" }])),
        "{details:?}"
    );
    let told = desk.home.run(&["logout", "work"]).await?.code(0)?;
    ensure!(told.stderr.contains("good until it expires"), "{told:#?}");

    // An answer about somebody that is signed, and one about a token.
    let signed = json!({ "userinfo_signed_response_alg": "ES256" });
    let client = with("client_secret_basic", &signed);
    let desk = logged_in(&server, client, "scope = \"openid\"", LoginWay::Auto).await?;
    let claims = desk.session.userinfo().await?;
    ensure!(claims.sub() == desk.token().await?.subject.as_deref());
    let known = desk.session.introspect(None).await?;
    ensure!(known.active, "{known:?}");
    let unknown = desk
        .session
        .introspect(Some(Secret::new("no token")))
        .await?;
    ensure!(!unknown.active, "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_registers_itself_and_goes_again() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    for profile in ["scope = \"openid\"", "scope = \"openid\"\ndpop = true"] {
        let desk = logged_in(&server, Value::Null, profile, LoginWay::Auto).await?;
        let known = desk.session.registration().await?.context("registered")?;
        desk.is_let_in().await?;
        desk.home.run(&["refresh", "work"]).await?.code(0)?;
        // The next login is by the same client.
        desk.log_in(LoginWay::Auto).await?;
        let again = desk.session.registration().await?.context("registered")?;
        ensure!(again.client_id == known.client_id);
        desk.session.unregister().await?;
        ensure!(desk.session.registration().await?.is_none());
    }
    Ok(())
}
