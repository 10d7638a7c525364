//! What clients say of themselves to a server, when they register and in the document at their id: whatever it is, what
//! becomes of it keeps the rules of the house.
//!
//! The first line of an input is the `client_id` of the document, unless it begins the document.

use std::sync::LazyLock;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Client, Record};
use gatepass_proto::decide::{Facts, check_redirect_uri};
use gatepass_proto::endpoint::register::{
    Admission, RegistrationPolicy, Terms, describe, register,
};
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::registration::read_request;
use gatepass_proto::{ClientId, Cx};
use serde_json::Value;
use url::Url;

use crate::world::{Counting, NOW};

const GRANTS: [&str; 3] = [
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
];

static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    let served = ServerMetadata {
        issuer: "https://as.example".into(),
        grant_types_supported: texts(&[&GRANTS[..], &["client_credentials", "password"]].concat()),
        response_types_supported: texts(&["code"]),
        token_endpoint_auth_methods_supported: texts(&[
            "none",
            "client_secret_basic",
            "private_key_jwt",
        ]),
        subject_types_supported: texts(&["public", "pairwise"]),
        ..ServerMetadata::default()
    };
    let policy = RegistrationPolicy {
        admission: Admission::Open,
        scope: "read write".parse().expect("a scope"),
        require_pkce: true,
    };
    Terms::new(policy, &served, "https://as.example/register")
});

pub(crate) fn run(data: &[u8]) {
    let (id, document) = parts(data);
    check_id(&id);
    if let Ok(client) = describe(&id, Ok(document), &TERMS) {
        assert!(id.is_url() && document.len() <= 256 * 1024);
        assert_eq!(client.client_id, id);
        assert!(client.details.described && client.require_pkce);
        assert!(client.client_secrets.is_empty() && client.details.sealed_secret.is_none());
        assert!(matches!(
            &*client.auth_methods[0],
            "none" | "private_key_jwt"
        ));
        let host = id.host().expect("it has one");
        assert!(
            client.client_name.starts_with(&host),
            "{}",
            client.client_name
        );
        check(&client);
    }
    let Ok(said) = read_request(document) else {
        return;
    };
    let mut entropy = Counting(0);
    let mut cx = Cx::new(NOW, &mut entropy);
    let Ok(done) = register(&said, None, &TERMS, &Facts::new(), &mut cx) else {
        return;
    };
    for change in &done.changes {
        if let Change::Insert(Record::Client(client)) = change {
            assert!(client.client_id.as_str().starts_with("cl_") && !client.details.described);
            check(client);
        }
    }
}

fn parts(data: &[u8]) -> (ClientId, &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match end {
        Some(end) if !data.starts_with(b"{") => (&data[..end], &data[end + 1..]),
        _ => (&b"https://app.example/client.json"[..], data),
    };
    (ClientId::new(String::from_utf8_lossy(line)), rest)
}

/// An address leads where it reads.
fn check_id(id: &ClientId) {
    let text = id.as_str();
    assert_eq!(
        id.is_url(),
        text.starts_with("https://") && id.host().is_some()
    );
    if !id.is_url() {
        return;
    }
    let url = Url::parse(text).expect("a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(text.is_ascii() && !text.contains(['#', '\\', ' ']));
    let path = url.path();
    assert!(path.starts_with('/') && text.contains(path));
    assert!(
        !path.split('/').any(|part| matches!(part, "." | "..")),
        "{text}"
    );
}

/// What holds for every client that nobody here knows.
fn check(client: &Client) {
    for uri in &client.redirect_uris {
        assert_eq!(check_redirect_uri(uri), Ok(()), "{uri}");
        assert!(!uri.starts_with("urn:"), "{uri}");
    }
    let may = |grant: &String| GRANTS.contains(&grant.as_str());
    assert!(
        client.grant_types.iter().all(may),
        "{:?}",
        client.grant_types
    );
    assert!(!client.may_use("authorization_code") || !client.redirect_uris.is_empty());
    assert!(client.require_pkce && !client.json_body && client.resources.is_empty());
    let most = "read write".parse().expect("a scope");
    assert!(client.scope.is_subset_of(&most), "{}", client.scope);
    let details = &client.details;
    assert!(!details.fapi && details.may_exchange.is_empty());
    assert!(
        !details.pairwise
            || client
                .grant_types
                .iter()
                .all(|grant| !grant.starts_with("urn:"))
    );
    let keys = details.jwks.as_ref().and_then(|jwks| jwks.get("keys"));
    for key in keys.and_then(Value::as_array).into_iter().flatten() {
        assert!(key.get("d").is_none() && key.get("k").is_none());
    }
    for uri in [&details.jwks_uri, &details.sector_identifier_uri]
        .into_iter()
        .flatten()
    {
        let url = Url::parse(uri).expect("a URL");
        assert_eq!((url.scheme(), url.username()), ("https", ""), "{uri}");
    }
}
