//! What the server refuses, and in which words.

use anyhow::{Result, ensure};
use gatepass_client::{Advice, LoginWay};
use serde_json::{Value, json};

use super::{CIBA, DEVICE, client, elsewhere, logged_in, machine, with};
use crate::life::Case;
use crate::refusal::{Refusal, refused};
use crate::server::Server;

#[tokio::test]
async fn every_refusal_in_the_servers_own_words() -> Result<()> {
    let scope = "scope = \"openid\"";
    let machine_profile = "grant = \"client_credentials\"\nscope = \"read\"";
    let hasty = |client: Value| {
        let mut client = client;
        client["client_name"] = "hasty".into();
        client
    };
    let payments = json!({ "authorization_details_types": ["payment"] });
    let by_device = "grant = \"device_code\"\nscope = \"openid\"";
    let case = |name, client, profile| Case::new(name, client, profile, "/me");
    refused(
        Server::oidc_provider(json!({})).await?,
        vec![
            Refusal::denied(
                case("denied", client("none"), scope),
                "access_denied: End-User aborted interaction",
            ),
            Refusal::denied(
                case(
                    "denied, and signed",
                    client("none"),
                    "scope = \"openid\"\nsigned_response = true",
                ),
                "access_denied: End-User aborted interaction",
            ),
            Refusal::denied(
                case("denied elsewhere", elsewhere("none", DEVICE), by_device),
                "access_denied: End-User aborted interaction",
            ),
            Refusal::denied(
                case(
                    "denied on the phone",
                    elsewhere("client_secret_basic", CIBA),
                    "grant = \"ciba\"\nscope = \"openid\"\nlogin_hint = \"somebody\"",
                ),
                "access_denied",
            ),
            Refusal::new(
                case(
                    "nobody of that name",
                    elsewhere("client_secret_basic", CIBA),
                    "grant = \"ciba\"\nscope = \"openid\"\nlogin_hint = \"nobody\"",
                ),
                "unknown_user_id: could not identify end-user",
            ),
            Refusal::new(
                case("a code that came too late", hasty(client("none")), scope),
                "invalid_grant: grant request is invalid",
            )
            .late(),
            Refusal::new(
                case(
                    "a device code that came too late",
                    hasty(elsewhere("none", DEVICE)),
                    by_device,
                ),
                "expired_token",
            )
            .absent(),
            Refusal::new(
                case(
                    "another secret",
                    machine("client_secret_basic", &Value::Null),
                    machine_profile,
                ),
                "invalid_client: client authentication failed",
            )
            .with_another_secret(),
            Refusal::new(
                case(
                    "another secret at a login",
                    client("client_secret_post"),
                    scope,
                ),
                "invalid_client: client authentication failed",
            )
            .with_another_secret(),
            Refusal::new(
                case(
                    "another secret after the login",
                    client("client_secret_basic"),
                    "scope = \"openid\"\npar = false",
                ),
                "invalid_client: client authentication failed",
            )
            .with_another_secret(),
            Refusal::new(
                case(
                    "a scope that is not the client's",
                    with("none", &json!({ "scope": "openid" })),
                    "scope = \"openid write\"",
                ),
                "invalid_scope: requested scope is not allowed",
            ),
            Refusal::new(
                case(
                    "the same, through the browser",
                    with("none", &json!({ "scope": "openid" })),
                    "scope = \"openid write\"\npar = false",
                ),
                "invalid_scope: requested scope is not allowed",
            ),
            Refusal::new(
                case(
                    "a resource that is not the server's",
                    client("none"),
                    "scope = \"read\"\nresource = [\"https://elsewhere.example.com/\"]",
                ),
                "invalid_target: resource indicator is missing, or unknown",
            ),
            Refusal::new(
                case(
                    "details that are not complete",
                    with("none", &payments),
                    "scope = \"openid\"\nauthorization_details = [{ type = \"payment\" }]",
                ),
                "invalid_authorization_details: a payment needs an amount",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn a_refresh_token_that_somebody_else_has_used_needs_a_login() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    let desk = logged_in(
        &server,
        client("none"),
        "scope = \"openid\"",
        LoginWay::Auto,
    )
    .await?;
    let old = desk.token().await?;
    desk.home.run(&["refresh", "work"]).await?.code(0)?;
    let living = desk.token().await?.access_token;
    desk.put_back(&old).await?;
    let told = desk.home.run(&["refresh", "work"]).await?;
    told.complaining(4, "login needed")?;
    // The server takes a replay for a theft, and so the successor is dead too.
    ensure!(server.status("/me", living.expose()).await? == 401);
    desk.home.run(&["get", &desk.url]).await?.code(4)?;
    desk.log_in(LoginWay::Auto).await?;
    desk.is_let_in().await
}

#[tokio::test]
async fn a_scope_that_is_not_enough_is_said() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    let desk = logged_in(&server, client("none"), "scope = \"read\"", LoginWay::Auto).await?;
    let answer = desk.session.get(&desk.url).send().await?;
    ensure!(answer.status() == 403, "{}", answer.status());
    let wanted = "openid".parse()?;
    ensure!(
        answer.advice() == Some(&Advice::Scope(Some(wanted))),
        "{:?}",
        answer.advice()
    );
    let told = desk.home.run(&["get", &desk.url]).await?;
    told.complaining(5, "openid")
}

#[tokio::test]
async fn a_login_that_was_revoked_elsewhere_is_over() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    let client = client("client_secret_post");
    let desk = logged_in(&server, client, "scope = \"openid\"", LoginWay::Auto).await?;
    let old = desk.token().await?.access_token;
    // This server takes the refresh token with the access token.
    server.revoke(&desk.client, old.expose()).await?;
    let told = desk.home.run(&["get", &desk.url]).await?;
    told.complaining(4, "invalid_grant: grant request is invalid")
}
