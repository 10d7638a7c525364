//! npm's oidc-provider.

use anyhow::{Context as _, Result, ensure};
use gatepass_client::{Advice, LoginWay, Secret};
use gatepass_proto::jose::access_token::AccessToken;
use serde_json::{Value, json};

use crate::life::{Case, Desk, live};
use crate::page::Decision;
use crate::refusal::{Refusal, refused};
use crate::server::Server;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// A client that shows itself this way, and may do what is usual.
fn client(method: &str) -> Value {
    json!({ "application_type": "native", "token_endpoint_auth_method": method })
}

/// The same with more to say.
fn with(method: &str, more: &Value) -> Value {
    let mut client = client(method);
    for (name, value) in more.as_object().into_iter().flatten() {
        client[name] = value.clone();
    }
    client
}

/// A client that has no person.
fn machine(method: &str, more: &Value) -> Value {
    let mut client = with(method, more);
    client["grant_types"] = json!(["client_credentials"]);
    client["response_types"] = json!([]);
    client["redirect_uris"] = json!([]);
    client
}

/// A client that people log in to elsewhere.
fn elsewhere(method: &str, grant: &str) -> Value {
    let mut client = with(
        method,
        &json!({ "backchannel_token_delivery_mode": "poll" }),
    );
    client["grant_types"] = json!([grant, "refresh_token"]);
    client["response_types"] = json!([]);
    client["redirect_uris"] = json!([]);
    client
}

#[tokio::test]
async fn every_way_to_log_in_with_a_browser() -> Result<()> {
    let own_key = json!({ "jwks": true });
    let case = |name, client, profile| Case::new(name, client, profile, "/me");
    live(
        Server::oidc_provider(json!({})).await?,
        vec![
            case("public", client("none"), "scope = \"openid profile\""),
            case(
                "without PAR",
                client("none"),
                "scope = \"openid\"\npar = false",
            ),
            case("basic", client("client_secret_basic"), "scope = \"openid\""),
            case("post", client("client_secret_post"), "scope = \"openid\""),
            case(
                "client_secret_jwt",
                client("client_secret_jwt"),
                "scope = \"openid\"",
            ),
            case(
                "private_key_jwt",
                with("private_key_jwt", &own_key),
                "scope = \"openid\"",
            ),
            case(
                "PAR is insisted on",
                with(
                    "none",
                    &json!({ "require_pushed_authorization_requests": true }),
                ),
                "scope = \"openid\"",
            ),
            case(
                "DPoP",
                with("none", &json!({ "dpop_bound_access_tokens": true })),
                "scope = \"openid\"\ndpop = true",
            ),
            case(
                "JARM",
                with(
                    "none",
                    &json!({ "authorization_signed_response_alg": "ES256" }),
                ),
                "scope = \"openid\"\nsigned_response = true",
            ),
            case(
                "JAR, pushed",
                with(
                    "private_key_jwt",
                    &json!({ "jwks": true, "require_signed_request_object": true }),
                ),
                "scope = \"openid\"\nsigned_request = true",
            ),
            case(
                "JAR, through the browser",
                with(
                    "none",
                    &json!({ "jwks": true, "request_object_signing_alg": "ES256" }),
                ),
                "scope = \"openid\"\nclient_auth = \"none\"\nsigned_request = true\npar = false",
            ),
            case(
                "ID token by ES256",
                with("none", &json!({ "id_token_signed_response_alg": "ES256" })),
                "scope = \"openid\"",
            ),
            case(
                "ID token by EdDSA",
                with("none", &json!({ "id_token_signed_response_alg": "EdDSA" })),
                "scope = \"openid\"",
            ),
            case(
                "ID token by the client's secret",
                with(
                    "client_secret_basic",
                    &json!({ "id_token_signed_response_alg": "HS256" }),
                ),
                "scope = \"openid\"",
            ),
            case(
                "offline_access",
                client("none"),
                "scope = \"openid offline_access\"\nparams = { prompt = \"consent\" }",
            ),
            case(
                "a fresh login, and how good it was",
                with("none", &json!({ "require_auth_time": true })),
                "scope = \"openid\"\nparams = { max_age = \"60\", login_hint = \"me\" }",
            ),
            Case::new(
                "OAuth 2 alone",
                client("none"),
                "scope = \"read write\"",
                "/api",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn every_way_to_log_in_elsewhere_or_as_a_machine() -> Result<()> {
    let own_key = json!({ "jwks": true });
    let by_device = "grant = \"device_code\"\nscope = \"openid\"";
    let by_key = "grant = \"client_credentials\"\nscope = \"read\"";
    live(
        Server::oidc_provider(json!({})).await?,
        vec![
            Case::new("device", elsewhere("none", DEVICE), by_device, "/me"),
            Case::new(
                "device, with a secret",
                elsewhere("client_secret_basic", DEVICE),
                by_device,
                "/me",
            ),
            Case::new(
                "device, DPoP",
                elsewhere("none", DEVICE),
                "grant = \"device_code\"\nscope = \"openid\"\ndpop = true",
                "/me",
            ),
            Case::new(
                "CIBA",
                elsewhere("client_secret_basic", CIBA),
                "grant = \"ciba\"\nlogin_hint = \"somebody\"\nbinding_message = \"W4SCT\"\nscope = \"openid\"",
                "/me",
            ),
            Case::new("basic", machine("client_secret_basic", &Value::Null), by_key, "/api"),
            Case::new("post", machine("client_secret_post", &Value::Null), by_key, "/api"),
            Case::new(
                "client_secret_jwt",
                machine("client_secret_jwt", &Value::Null),
                by_key,
                "/api",
            ),
            Case::new(
                "private_key_jwt",
                machine("private_key_jwt", &own_key),
                by_key,
                "/api",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn a_server_that_wants_its_nonce_in_every_proof() -> Result<()> {
    let dpop = "scope = \"openid\"\ndpop = true";
    live(
        Server::oidc_provider(json!({ "nonces": true })).await?,
        vec![
            Case::new("code", client("none"), dpop, "/me"),
            Case::new("with a secret", client("client_secret_basic"), dpop, "/me"),
            Case::new(
                "with a key",
                with("private_key_jwt", &json!({ "jwks": true })),
                dpop,
                "/me",
            ),
            Case::new(
                "device",
                elsewhere("none", DEVICE),
                "grant = \"device_code\"\nscope = \"openid\"\ndpop = true",
                "/me",
            ),
        ],
    )
    .await
}

#[tokio::test]
async fn the_security_profile_fapi_2() -> Result<()> {
    live(
        Server::oidc_provider(json!({ "fapi": "2.0" })).await?,
        vec![Case::new(
            "private_key_jwt, PAR, DPoP",
            with(
                "private_key_jwt",
                &json!({
                    "jwks": true,
                    "id_token_signed_response_alg": "ES256",
                    "require_pushed_authorization_requests": true,
                    "dpop_bound_access_tokens": true,
                }),
            ),
            "scope = \"openid\"\ndpop = true",
            "/me",
        )],
    )
    .await
}

#[tokio::test]
async fn clients_that_show_a_certificate() -> Result<()> {
    let server = Server::oidc_provider(json!({ "tls": {} })).await?;
    let made = server.certificates.as_ref().context("certificates")?;
    let bound = json!({
        "tls_client_auth_san_dns": crate::certificates::CLIENT,
        "tls_client_certificate_bound_access_tokens": true,
    });
    let stranger = json!({
        "jwks": { "keys": [made.stranger_jwk] },
        "tls_client_certificate_bound_access_tokens": true,
    });
    let cases = vec![
        Case::new(
            "the authority's client",
            with("tls_client_auth", &bound),
            "scope = \"openid\"\n{client}",
            "/me",
        ),
        Case::new(
            "a client that nobody vouches for",
            with("self_signed_tls_client_auth", &stranger),
            "scope = \"openid\"\n{stranger}",
            "/me",
        ),
        Case::new(
            "a token that is bound to a certificate",
            with(
                "client_secret_basic",
                &json!({ "tls_client_certificate_bound_access_tokens": true }),
            ),
            "scope = \"openid\"\n{stranger}",
            "/me",
        ),
        Case::new(
            "no certificate",
            client("client_secret_basic"),
            "scope = \"openid\"",
            "/me",
        ),
    ];
    live(server, cases).await
}

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
async fn the_answer_may_be_pasted() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    for profile in [
        "scope = \"openid\"",
        "scope = \"openid\"\nredirect_uri = \"https://client.example.com/callback\"",
        "scope = \"openid\"\nredirect_uri = \"https://client.example.com/callback\"\nsigned_response = true",
    ] {
        let desk = logged_in(&server, client("none"), profile, LoginWay::Paste).await?;
        desk.is_let_in().await?;
    }
    Ok(())
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

/// A client at this server, logged in.
async fn logged_in(
    server: &Server,
    client: Value,
    profile: &'static str,
    way: LoginWay,
) -> Result<Desk> {
    let case = Case::new("a client", client, profile, "/me");
    let desk = case.prepare(server, Decision::Allow).await?;
    desk.log_in(way).await?;
    Ok(desk)
}
