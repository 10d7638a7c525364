//! What the service says of itself (RFC 9728), and what challenges say of that.

use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};

use super::{People, bearer, get, house, jwt, scope, send};
use crate::{Guard, GuardLayer, Issuer, ResourceError, ResourceMetadata};

const PLACE: &str = "/.well-known/oauth-protected-resource/mcp";

fn layer(required: &str) -> GuardLayer {
    let metadata = ResourceMetadata::new("https://api.example/mcp").expect("a URL");
    Guard::builder()
        .realm("api")
        .issuer(jwt())
        .issuer(Issuer::new("https://other.example", "https://api.example"))
        .dpop(&"https://api.example".parse().expect("a URL"))
        .resource(
            metadata
                .scopes(&scope("read write offline_access"))
                .name("Tools"),
        )
        .clock(house().clock)
        .build()
        .layer(scope(required))
}

#[tokio::test]
async fn anybody_may_read_it_from_anywhere() {
    let answer = send(&layer("read"), Request::get(PLACE)).await;
    let (head, body) = answer.split_once("\n\n").expect("a body");
    for part in [
        "200 OK",
        "content-type: application/json",
        "access-control-allow-origin: *",
        "cache-control: public, max-age=3600",
    ] {
        assert!(head.contains(part), "{answer}");
    }
    let body: Value = serde_json::from_str(body).expect("JSON");
    let expected = json!({
        "resource": "https://api.example/mcp",
        "authorization_servers": ["https://as.example", "https://other.example"],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Tools",
        "dpop_signing_alg_values_supported": ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"],
    });
    assert_eq!(body, expected);
    let preflight = send(&layer("read"), Request::options(PLACE)).await;
    assert!(preflight.starts_with("204"), "{preflight}");
    let post = send(&layer("read"), Request::post(PLACE)).await;
    assert!(post.starts_with("405"), "{post}");
    // Nothing else is open.
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/",
    ] {
        let other = send(&layer("read"), Request::get(path)).await;
        assert!(other.starts_with("401"), "{other}");
    }
}

#[tokio::test]
async fn challenges_say_where_it_is_and_what_to_ask_for() {
    let url = "https://api.example/.well-known/oauth-protected-resource/mcp";
    let answer = send(&layer("read offline_access"), get()).await;
    for line in [
        format!(r#"www-authenticate: Bearer realm="api", scope="read", resource_metadata="{url}""#),
        format!(
            r#"www-authenticate: DPoP algs="ES256 ES384 EdDSA Ed25519 PS256 RS256", scope="read", resource_metadata="{url}""#
        ),
    ] {
        assert!(answer.contains(&format!("{line}\n")), "{answer}");
    }
    let answer = send(
        &layer("write"),
        get().header("Authorization", bearer(|_| ())),
    )
    .await;
    assert!(answer.starts_with("403"), "{answer}");
    let end = format!(r#"scope="write", resource_metadata="{url}""#);
    assert_eq!(answer.matches(&format!("{end}\n")).count(), 2, "{answer}");
    assert!(!answer.contains("offline_access"));
    let answer = send(&layer("offline_access"), get()).await;
    assert!(!answer.contains("scope="), "{answer}");
}

#[tokio::test]
async fn what_leads_to_a_token_comes_before_passwords() {
    let metadata = ResourceMetadata::new("https://api.example").expect("a URL");
    let guards = [Guard::builder(), Guard::builder().resource(metadata)];
    for (guard, first) in guards.into_iter().zip(["Basic", "Bearer"]) {
        let guard = guard
            .issuer(jwt())
            .basic(Arc::new(People::default()))
            .build();
        let answer = send(&guard.layer(scope("read")), get()).await;
        let challenges = answer
            .lines()
            .filter_map(|line| line.strip_prefix("www-authenticate: "));
        let challenges: Vec<&str> = challenges.collect();
        assert_eq!(challenges.len(), 2, "{answer}");
        assert!(
            challenges.iter().any(|own| own.starts_with("Basic ")),
            "{answer}"
        );
        assert!(
            challenges.first().is_some_and(|own| own.starts_with(first)),
            "{answer}"
        );
    }
}

#[test]
fn a_resource_is_named_by_its_url() {
    let path = |text: &str| ResourceMetadata::new(text).map(|own| own.path().to_owned());
    let root = "/.well-known/oauth-protected-resource".to_owned();
    assert_eq!(path("https://api.example"), Ok(root.clone()));
    assert_eq!(path("https://api.example/"), Ok(root.clone()));
    assert_eq!(path("http://127.0.0.1:8080"), Ok(root.clone()));
    assert_eq!(path("https://api.example/a/b"), Ok(format!("{root}/a/b")));
    for text in ["api.example", "urn:api", "", "file:///x"] {
        assert_eq!(path(text), Err(ResourceError::Url), "{text}");
    }
    for text in ["https://api.example/#a", "https://api.example/?a"] {
        assert_eq!(path(text), Err(ResourceError::Parts), "{text}");
    }
    let exact = ResourceMetadata::new("https://api.example").expect("a URL");
    assert_eq!(exact.resource(), "https://api.example");
}
