use serde_json::{Value, json};

use super::describe;
use crate::decide::documents::DocumentFault;
use crate::decide::record::Client;
use crate::endpoint::register::tests::terms;
use crate::{ClientId, ErrorCode, OAuthError};

const ID: &str = "https://app.example/client.json";

fn of(document: &str) -> Result<Client, OAuthError> {
    describe(&ClientId::new(ID), Ok(document.as_bytes()), &terms(|_| ()))
}

/// A good document with other members, `null` for none.
fn with(more: Value) -> Result<Client, OAuthError> {
    let mut document = json!({
        "client_id": ID, "client_name": "Notes", "redirect_uris": ["https://app.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"], "scope": "read",
    });
    let members = document.as_object_mut().expect("an object");
    for (name, value) in more.as_object().expect("an object") {
        members.insert(name.clone(), value.clone());
    }
    of(&document.to_string())
}

#[test]
fn a_document_makes_a_client() {
    let client = with(json!({})).expect("a client");
    assert_eq!(client.client_id.as_str(), ID);
    assert_eq!(client.client_name, "app.example (“Notes”)");
    assert!(client.is_public() && client.require_pkce && client.details.described);
    assert_eq!(client.redirect_uris, ["https://app.example/cb"]);
    assert_eq!(client.scope.to_string(), "read");
    assert!(client.may_use("refresh_token") && !client.may_use("client_credentials"));

    let more = json!({
        "backchannel_logout_uri": "https://app.example/out",
        "request_uris": ["https://victim.example/r.jwt"],
    });
    let details = with(more).expect("a client").details;
    assert_eq!(details.backchannel_logout_uri, None);
    assert!(details.request_uris.is_empty());

    let keys = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/keys" });
    let client = with(keys).expect("a client");
    assert!(!client.is_public() && client.require_pkce);
}

/// The host is true, and the rest is what anybody may claim.
#[test]
fn its_name_begins_with_its_host() {
    let nameless = with(json!({ "client_name": null })).expect("a client");
    assert_eq!(nameless.client_name, "app.example");
    let posing = with(json!({ "client_name": "Bank (“bank.example”)" })).expect("a client");
    assert_eq!(posing.client_name, "app.example (“Bank (bank.example)”)");
    let long = with(json!({ "client_name": "x".repeat(200) })).expect("a client");
    assert_eq!(
        long.client_name,
        format!("app.example (“{}”)", "x".repeat(64))
    );
}

#[test]
fn what_is_not_admitted_makes_none() {
    for more in [
        json!({ "client_id": "https://app.example/client.json/" }),
        json!({ "client_id": "https://APP.example/client.json" }),
        json!({ "client_id": "https://app.example:443/client.json" }),
        json!({ "client_id": null }),
        json!({ "client_id": [ID] }),
        json!({ "client_secret": "x" }),
        json!({ "client_secret": null }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": null }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "jwks": { "keys": [{ "kty": "EC", "d": "x" }] } }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": "x" }] } }),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": ["http://app.example/cb"] }),
        json!({ "redirect_uris": ["com.example.app:/cb"] }),
        json!({ "redirect_uris": "https://app.example/cb" }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "grant_types": ["authorization_code", "urn:openid:params:grant-type:ciba"] }),
        json!({ "scope": "admin" }),
        json!({ "client_name": "a\u{7}b" }),
        json!({ "sector_identifier_uri": "https://app.example/sector" }),
        json!({ "software_statement": "x.y.z" }),
    ] {
        let error = with(more.clone()).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::InvalidClient, "{more}");
    }
    for document in [
        "",
        "[]",
        "\"x\"",
        "{",
        "client_id=https://app.example/client.json&error=x",
        r#"{"client_id":"https://app.example/client.json","client_id":"https://app.example/client.json"}"#,
        &format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64)),
    ] {
        let error = of(document).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::InvalidClient, "{document}");
    }
    let name = describe(
        &ClientId::new("cl_1"),
        Ok(b"{\"client_id\":\"cl_1\"}"),
        &terms(|_| ()),
    );
    assert_eq!(name.expect_err("refused").code(), ErrorCode::InvalidClient);
}

/// Whoever may come back later is not told to give up.
#[test]
fn what_may_pass_is_no_fault_of_the_client() {
    let without = |fault| {
        let found = describe(&ClientId::new(ID), Err(fault), &terms(|_| ()));
        found.expect_err("nothing is described").status().as_u16()
    };
    for fault in [DocumentFault::Unreachable, DocumentFault::Down(500)] {
        assert_eq!(without(fault), 503, "{fault}");
    }
    for fault in [
        DocumentFault::Status(404),
        DocumentFault::Status(302),
        DocumentFault::TooLarge(5120),
        DocumentFault::MediaType,
    ] {
        assert_eq!(without(fault), 401, "{fault}");
    }
}
