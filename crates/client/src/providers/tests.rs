use std::collections::{BTreeMap, BTreeSet};

use gatepass_http::check_url;
use gatepass_proto::message::known::KnownSecrets;
use gatepass_proto::message::quirks::{LoopbackName, Quirks, RevokeBy, ScopeDelimiter};
use gatepass_proto::message::token::{ErrorResponse, TokenResponse};
use gatepass_proto::{Scope, Secret, Timestamp};
use serde::Deserialize;

use super::{Kind, PRESETS, Provider, ProviderError, all, find};

/// What a provider answers, as it documents it, and what is to be understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shapes {
    token: Granted,
    refresh: Granted,
    error: Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    body: String,
    access_token: String,
    lifetime: Option<u64>,
    until: Option<u64>,
    refresh_token: Option<String>,
    refresh_lifetime: Option<u64>,
    scope: Option<Scope>,
    id_token: Option<String>,
    #[serde(default)]
    extra: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    status: u16,
    body: String,
    error: String,
    description: Option<String>,
}

macro_rules! shapes {
    ($($id:literal),*) => {
        [$(($id, include_str!(concat!("shapes/", $id, ".toml")))),*]
    };
}

const SHAPES: &[(&str, &str)] = &for_each_provider!(shapes);

fn provider(id: &str) -> &'static Provider {
    find(id).unwrap_or_else(|| panic!("{id} is a preset"))
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Something for every variable without a default.
fn examples(provider: &Provider) -> BTreeMap<String, String> {
    let needed = provider
        .variables
        .iter()
        .filter(|(_, variable)| variable.default.is_none());
    needed
        .map(|(name, variable)| {
            let value = match variable.kind {
                Kind::Host => "login.example.com",
                Kind::Segment => "main",
                Kind::Url => "https://sso.example.com/auth/",
                Kind::Text => "text",
            };
            (name.clone(), value.to_owned())
        })
        .collect()
}

#[test]
fn every_preset_is_read_and_in_its_place() {
    for (id, text) in PRESETS {
        let preset: Provider = toml::from_str(text).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(preset.id, *id);
        assert_eq!(find(id), Some(&preset));
    }
    let ids: Vec<&str> = all().iter().map(|provider| provider.id.as_str()).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.len(), PRESETS.len());
    assert_eq!(find("nobody"), None);
    for id in [
        "github",
        "gitlab",
        "google",
        "microsoft",
        "auth0",
        "okta",
        "keycloak",
        "slack",
        "spotify",
        "discord",
        "linkedin",
        "dropbox",
        "salesforce",
        "atlassian",
        "fitbit",
    ] {
        provider(id);
    }
}

#[test]
fn every_preset_can_be_used() {
    for provider in all() {
        let id = &provider.id;
        let resolved = provider
            .resolve(&examples(provider))
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        let endpoints = &resolved.endpoints;
        assert!(
            resolved.issuer.is_some()
                || (endpoints.authorization.is_some() && endpoints.token.is_some()),
            "{id} says where to log in"
        );
        for url in [
            &endpoints.authorization,
            &endpoints.token,
            &endpoints.userinfo,
        ]
        .into_iter()
        .chain([&endpoints.device_authorization, &resolved.issuer])
        .flatten()
        {
            assert!(!url.contains(['{', '}']), "{id}: {url}");
        }
        let revocation = endpoints.revocation.as_deref().unwrap_or_default();
        assert_eq!(
            revocation.contains("{client_id}"),
            resolved.quirks.revoke_by == RevokeBy::Delete,
            "{id}"
        );
        assert!(!revocation.replace("{client_id}", "").contains('{'), "{id}");
        let docs = provider.docs.parse().unwrap_or_else(|_| panic!("{id}"));
        assert_eq!(check_url(&docs), Ok(()), "{id}");
        assert!(provider.notes.ends_with('.') && !provider.name.is_empty());
        if let Some(method) = &resolved.quirks.client_auth {
            let known = gatepass_proto::client_auth::names();
            assert!(known.contains(method), "{id}: {method}");
        }
    }
}

#[test]
fn every_quirk_is_somebodys() {
    let standard = Quirks::default();
    let has = |test: &dyn Fn(&Quirks) -> bool| all().iter().any(|provider| test(&provider.quirks));
    assert!(has(
        &|quirks| quirks.scope_delimiter == ScopeDelimiter::Comma
    ));
    assert!(has(&|quirks| !quirks.authorize_params.is_empty()));
    assert!(has(&|quirks| !quirks.token_params.is_empty()));
    assert!(has(&|quirks| quirks.token_at.is_some()));
    assert!(has(&|quirks| quirks.token_type.is_some()));
    assert!(has(&|quirks| !quirks.invalid_grant.is_empty()));
    assert!(has(&|quirks| quirks.client_auth.is_some()));
    assert!(has(&|quirks| quirks.pkce != standard.pkce));
    assert!(has(&|quirks| quirks.loopback == LoopbackName::Localhost));
    assert!(has(&|quirks| quirks.fixed_port));
    assert!(has(&|quirks| quirks.issuer_template.is_some()));
    assert!(has(&|quirks| quirks.revoke_by == RevokeBy::Bearer));
    assert!(has(&|quirks| quirks.revoke_by == RevokeBy::Delete));
}

#[test]
fn variables_are_filled_in() {
    let gitlab = provider("gitlab");
    let resolved = gitlab.resolve(&BTreeMap::new()).expect("the default");
    assert_eq!(resolved.issuer.as_deref(), Some("https://gitlab.com"));
    let own = variables(&[("domain", " https://git.example.org:8443/ ")]);
    let resolved = gitlab.resolve(&own).expect("an own server");
    assert_eq!(
        resolved.issuer.as_deref(),
        Some("https://git.example.org:8443")
    );
    assert_eq!(
        resolved.api,
        ["https://git.example.org:8443".parse().expect("an origin")]
    );
    let keycloak = variables(&[("url", "https://sso.example.org/auth/"), ("realm", "main")]);
    let resolved = provider("keycloak").resolve(&keycloak).expect("a realm");
    assert_eq!(
        resolved.issuer.as_deref(),
        Some("https://sso.example.org/auth/realms/main")
    );
    let audience = variables(&[("domain", "a.auth0.com"), ("audience", "https://api/ x")]);
    let resolved = provider("auth0").resolve(&audience).expect("an audience");
    for params in [
        resolved.quirks.authorize_params,
        resolved.quirks.token_params,
    ] {
        assert_eq!(params, variables(&[("audience", "https://api/ x")]));
    }
    let none = variables(&[("domain", "a.auth0.com")]);
    let resolved = provider("auth0").resolve(&none).expect("no audience");
    assert!(resolved.quirks.authorize_params.is_empty());
}

#[test]
fn what_cannot_be_filled_in_is_said() {
    let refused = |id: &str, pairs: &[(&str, &str)]| {
        let error = provider(id).resolve(&variables(pairs));
        error.expect_err("refused").to_string()
    };
    assert_eq!(
        refused("okta", &[]),
        "okta needs domain: the Okta domain, like acme.okta.com"
    );
    assert_eq!(
        refused("github", &[("domain", "x")]),
        "github has no variable \"domain\"; it has none"
    );
    assert_eq!(
        refused("microsoft", &[("tennant", "x")]),
        "microsoft has no variable \"tennant\"; it has tenant"
    );
    for value in [
        "",
        "a/b",
        "a?b",
        "a#b",
        "user@host",
        "a b",
        "a\\b",
        "http://a",
        "https://",
        "a\nb",
    ] {
        let error = provider("okta").resolve(&variables(&[("domain", value)]));
        assert!(
            matches!(error, Err(ProviderError::Value { .. })),
            "{value:?}: {error:?}"
        );
    }
    for value in ["", "a/b", "..", "a b", "a?b", "é"] {
        refused("microsoft", &[("tenant", value)]);
    }
    for value in [
        "",
        "sso",
        "http://sso.example.org",
        "https://a/?b",
        "https://u:p@a",
    ] {
        refused("keycloak", &[("url", value), ("realm", "r")]);
    }
    let long = "x".repeat(5000);
    refused("auth0", &[("domain", "a"), ("audience", &long)]);
}

#[test]
fn the_documented_answers_are_understood() {
    for (id, text) in SHAPES {
        let shapes: Shapes = toml::from_str(text).unwrap_or_else(|error| panic!("{id}: {error}"));
        let quirks = &provider(id).quirks;
        for granted in [&shapes.token, &shapes.refresh] {
            understood(id, granted, quirks);
        }
        refused(id, &shapes, quirks);
    }
}

fn understood(id: &str, granted: &Granted, quirks: &Quirks) {
    let body = granted.body.as_bytes();
    let token =
        TokenResponse::parse_by(body, quirks).unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(ErrorResponse::parse_by(body, quirks), None, "{id}");
    let secret = |text: &Option<String>| text.as_deref().map(Secret::new);
    assert_eq!(
        token.access_token,
        Secret::new(&*granted.access_token),
        "{id}"
    );
    assert!(token.token_type.eq_ignore_ascii_case("bearer"), "{id}");
    assert_eq!(token.expires_in, granted.lifetime, "{id}");
    assert_eq!(token.until, granted.until.map(Timestamp::from_secs), "{id}");
    assert_eq!(token.refresh_token, secret(&granted.refresh_token), "{id}");
    assert_eq!(
        token.refresh_token_expires_in, granted.refresh_lifetime,
        "{id}"
    );
    assert_eq!(token.scope, granted.scope, "{id}");
    assert_eq!(token.id_token, secret(&granted.id_token), "{id}");
    let extra: Vec<&String> = token.extra.keys().collect();
    assert_eq!(extra, granted.extra.iter().collect::<Vec<_>>(), "{id}");
    let shown = format!("{token:?}");
    let secrets = [Some(&granted.access_token), granted.refresh_token.as_ref()];
    for secret in secrets.into_iter().flatten() {
        assert!(!shown.contains(secret.as_str()), "{id}: {shown}");
    }
}

fn refused(id: &str, shapes: &Shapes, quirks: &Quirks) {
    let Refused {
        status,
        body,
        error,
        description,
    } = &shapes.error;
    // With status 200 nothing but the body says that it is an error.
    let answer = if (200..300).contains(status) {
        ErrorResponse::parse_by(body.as_bytes(), quirks)
    } else {
        ErrorResponse::parse_failure(body.as_bytes(), quirks, &KnownSecrets::default())
    };
    let answer = answer.unwrap_or_else(|| panic!("{id}: an error"));
    assert_eq!(
        (&answer.error, &answer.description),
        (error, description),
        "{id}"
    );
    let shown = format!("{answer:?}");
    let known = [&shapes.token, &shapes.refresh];
    let secrets: BTreeSet<&String> = known
        .iter()
        .flat_map(|granted| [Some(&granted.access_token), granted.refresh_token.as_ref()])
        .flatten()
        .collect();
    for secret in secrets {
        assert!(!shown.contains(secret.as_str()), "{id}: {shown}");
    }
}
