//! Authlib on Flask.

use std::time::Duration;

use anyhow::{Result, ensure};
use gatepass_client::{LoginWay, Secret};
use serde_json::{Value, json};

use crate::life::{Case, Desk, live};
use crate::page::Decision;
use crate::refusal::{Refusal, refused};
use crate::server::Server;

/// A client that shows itself this way, may have its tokens by this grant, and has more to say.
fn client(method: &str, grant: &str, more: &Value) -> Value {
    let mut client = json!({
        "token_endpoint_auth_method": method,
        "grant_types": [grant, "refresh_token"],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        client[name] = value.clone();
    }
    client
}

const CODE: &str = "authorization_code";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

#[tokio::test]
async fn every_grant_lives() -> Result<()> {
    let none = Value::Null;
    let own_key = json!({ "jwks": true });
    let steady = json!({ "client_name": "steady" });
    let signing = json!({ "jwks": true, "require_signed_request_object": true });
    let person = "scope = \"openid profile read\"";
    let machine = "grant = \"client_credentials\"\nscope = \"read\"";
    let password = "grant = \"password\"\nusername = \"somebody\"\n\
                    password = { command = \"echo correct horse\" }\nscope = \"read\"";
    let case = |name, client, profile| Case::new(name, client, profile, "/api");
    live(
        Server::authlib().await?,
        vec![
            case("public", client("none", CODE, &none), person),
            case("basic", client("client_secret_basic", CODE, &none), person),
            case("post", client("client_secret_post", CODE, &none), person),
            case(
                "client_secret_jwt",
                client("client_secret_jwt", CODE, &none),
                person,
            ),
            case(
                "private_key_jwt",
                client("private_key_jwt", CODE, &own_key),
                person,
            ),
            case(
                "JAR",
                client("private_key_jwt", CODE, &signing),
                "scope = \"openid read\"\nsigned_request = true",
            ),
            case(
                "a refresh token that stays",
                client("none", CODE, &steady),
                person,
            ),
            Case::new("UserInfo", client("none", CODE, &none), person, "/userinfo"),
            case(
                "device",
                client("none", DEVICE, &none),
                "grant = \"device_code\"\nscope = \"read\"",
            ),
            case(
                "device, by a client with a key",
                client("private_key_jwt", DEVICE, &own_key),
                "grant = \"device_code\"\nscope = \"read\"",
            ),
            case(
                "password",
                client("client_secret_basic", "password", &none),
                password,
            ),
            case(
                "password, public",
                client("none", "password", &none),
                password,
            ),
            case(
                "machine, basic",
                client("client_secret_basic", "client_credentials", &none),
                machine,
            ),
            case(
                "machine, post",
                client("client_secret_post", "client_credentials", &none),
                machine,
            ),
            case(
                "machine, key",
                client("private_key_jwt", "client_credentials", &own_key),
                machine,
            ),
            case(
                "JWT bearer",
                client("client_secret_basic", BEARER, &own_key),
                "grant = \"jwt_bearer\"\nassertion_key = {key}\nassertion_subject = \"somebody\"\nscope = \"read\"",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn every_refusal_in_the_servers_own_words() -> Result<()> {
    let none = Value::Null;
    let own_key = json!({ "jwks": true });
    let hasty = json!({ "client_name": "hasty" });
    let by_device = "grant = \"device_code\"\nscope = \"read\"";
    let machine = "grant = \"client_credentials\"\nscope = \"read\"";
    let case = |name, client, profile| Case::new(name, client, profile, "/api");
    refused(
        Server::authlib().await?,
        vec![
            Refusal::denied(
                case("denied", client("none", CODE, &none), "scope = \"read\""),
                "access_denied: The resource owner or authorization server denied the request",
            ),
            Refusal::denied(
                case("denied elsewhere", client("none", DEVICE, &none), by_device),
                "access_denied: The resource owner or authorization server denied the request",
            ),
            Refusal::new(
                case(
                    "a code that came too late",
                    client("none", CODE, &hasty),
                    "scope = \"read\"",
                ),
                "invalid_grant: Invalid 'code' in request.",
            )
            .late(),
            Refusal::new(
                case(
                    "a device code that came too late",
                    client("none", DEVICE, &hasty),
                    by_device,
                ),
                "expired_token",
            )
            .absent(),
            Refusal::new(
                case(
                    "another secret",
                    client("client_secret_basic", "client_credentials", &none),
                    machine,
                ),
                "invalid_client: The client cannot authenticate with methods",
            )
            .with_another_secret(),
            Refusal::new(
                case(
                    "another password",
                    client("none", "password", &none),
                    "grant = \"password\"\nusername = \"somebody\"\npassword = { command = \"echo wrong\" }",
                ),
                "invalid_request: Invalid 'username' or 'password' in request.",
            ),
            Refusal::new(
                case(
                    "nobody of that name",
                    client("client_secret_basic", BEARER, &own_key),
                    "grant = \"jwt_bearer\"\nassertion_key = {key}\nassertion_subject = \"nobody\"",
                ),
                "invalid_grant: Invalid 'sub' value in assertion",
            ),
            Refusal::new(
                case(
                    "an assertion for somebody else",
                    client("client_secret_basic", BEARER, &own_key),
                    "grant = \"jwt_bearer\"\nassertion_key = {key}\nassertion_audience = \"https://elsewhere.example.com\"",
                ),
                "invalid_grant",
            ),
            Refusal::new(
                case(
                    "a grant that is not the client's",
                    client("client_secret_basic", CODE, &none),
                    machine,
                ),
                "unauthorized_client: The client is not authorized to use 'grant_type=client_credentials'",
            ),
            Refusal::new(
                case(
                    "an unknown scope",
                    client("client_secret_basic", "client_credentials", &none),
                    "grant = \"client_credentials\"\nscope = \"everything\"",
                ),
                "invalid_scope",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn a_device_is_patient() -> Result<()> {
    let server = Server::authlib().await?;
    let waits = |name: &'static str, pause| {
        let server = &server;
        async move {
            let client = client("none", DEVICE, &json!({ "client_name": name }));
            let profile = "grant = \"device_code\"\nscope = \"read\"";
            let mut desk = prepared(server, client, profile).await?;
            desk.agent = desk.agent.after(Duration::from_millis(pause));
            desk.log_in(LoginWay::Auto).await?;
            desk.is_let_in().await
        }
    };
    // The first is told to wait, the second to ask less often.
    let (pending, slow) = tokio::join!(waits("interoperable", 1500), waits("slow", 2000));
    pending.and(slow)
}

#[tokio::test]
async fn a_token_that_was_revoked_elsewhere_is_renewed_and_the_request_repeated() -> Result<()> {
    let server = Server::authlib().await?;
    let client = client("client_secret_post", CODE, &Value::Null);
    let desk = prepared(&server, client, "scope = \"read\"").await?;
    desk.log_in(LoginWay::Auto).await?;
    let old = desk.token().await?.access_token;
    server.revoke(&desk.client, old.expose()).await?;
    ensure!(server.status("/api", old.expose()).await? == 401);
    let known = desk.session.introspect(Some(old.clone())).await?;
    ensure!(!known.active, "{known:?}");
    desk.is_let_in().await?;
    let new = desk.token().await?.access_token;
    ensure!(new != old, "the token was renewed");
    let known = desk.session.introspect(Some(new)).await?;
    ensure!(known.active, "{known:?}");
    let unknown = desk.session.introspect(Some(Secret::new("none"))).await?;
    ensure!(!unknown.active, "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_that_somebody_else_has_used_needs_a_login() -> Result<()> {
    let server = Server::authlib().await?;
    let client = client("none", CODE, &Value::Null);
    let desk = prepared(&server, client, "scope = \"read\"").await?;
    desk.log_in(LoginWay::Auto).await?;
    let old = desk.token().await?;
    desk.home.run(&["refresh", "work"]).await?.code(0)?;
    desk.put_back(&old).await?;
    let told = desk.home.run(&["get", &desk.url]).await?;
    told.complaining(4, "login needed")?;
    desk.log_in(LoginWay::Auto).await?;
    desk.is_let_in().await
}

#[tokio::test]
async fn the_code_may_be_pasted_and_the_scope_be_too_small() -> Result<()> {
    let server = Server::authlib().await?;
    let none = Value::Null;
    let desk = prepared(
        &server,
        client("none", CODE, &none),
        "scope = \"profile\"\nredirect_uri = \"https://client.example.com/callback\"",
    )
    .await?;
    desk.log_in(LoginWay::Auto).await?;
    // It says so in the body alone.
    let told = desk.home.run(&["get", &desk.url]).await?.code(5)?;
    ensure!(told.stdout.contains("insufficient_scope"), "{told:#?}");
    Ok(())
}

#[tokio::test]
async fn a_client_registers_itself() -> Result<()> {
    let server = Server::authlib().await?;
    let desk = prepared(&server, Value::Null, "scope = \"openid read\"").await?;
    desk.log_in(LoginWay::Auto).await?;
    desk.is_let_in().await?;
    desk.home.run(&["refresh", "work"]).await?.code(0)?;
    desk.is_let_in().await
}

async fn prepared(server: &Server, client: Value, profile: &'static str) -> Result<Desk> {
    let case = Case::new("a client", client, profile, "/api");
    case.prepare(server, Decision::Allow).await
}
