//! The ways to log in.

use anyhow::{Context as _, Result, ensure};
use gatepass_client::LoginWay;
use serde_json::{Value, json};

use super::{CIBA, DEVICE, client, elsewhere, logged_in, machine, with};
use crate::life::{Case, live};
use crate::page::Decision;
use crate::server::Server;

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
async fn the_program_logs_in_by_what_it_prints() -> Result<()> {
    let server = Server::oidc_provider(json!({})).await?;
    let any = with(
        "none",
        &json!({ "grant_types": ["authorization_code", "refresh_token", DEVICE] }),
    );
    let scope = "scope = \"openid\"";
    let phone = "grant = \"ciba\"\nlogin_hint = \"somebody\"\nscope = \"openid\"";
    for (client, profile, words) in [
        (any.clone(), scope, &[][..]),
        (any.clone(), scope, &["--device"]),
        (any, scope, &["--prompt", "login", "--max-age", "60"]),
        (elsewhere("client_secret_basic", CIBA), phone, &[]),
    ] {
        let case = Case::new("a client", client, profile, "/me");
        let desk = case.prepare(&server, Decision::Allow).await?;
        let told = desk.log_in_at_terminal(words, false).await?.code(0)?;
        ensure!(told.stdout.is_empty(), "{told:#?}");
        desk.is_let_in().await?;
    }
    Ok(())
}
