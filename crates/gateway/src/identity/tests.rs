use std::sync::Arc;

use gatepass_guard::{Identity, Scheme};
use gatepass_proto::Timestamp;
use http::HeaderMap;
use serde_json::json;

use super::Introduction;
use crate::config::IdentityEntry;

fn told(scheme: Scheme) -> HeaderMap {
    let identity = Identity {
        subject: "7".to_owned(),
        client_id: None,
        scope: "read".parse().expect("a scope"),
        issuer: None,
        auth_time: None,
        acr: None,
        act: None,
        scheme,
    };
    let entry = IdentityEntry {
        forwarded_user: true,
        ..IdentityEntry::default()
    };
    let now = Timestamp::from_secs(1);
    let introduction = Introduction::new(&entry, "https://a.example", None, None, now);
    let introduction = introduction.expect("settings");
    let headers = introduction.headers(&identity, now).expect("told");
    let names: Vec<&str> = introduction.names().collect();
    assert!(headers.keys().all(|name| names.contains(&name.as_str())));
    assert!(names.iter().all(|name| introduction.reserved.is_ours(name)));
    headers
}

#[test]
fn a_person_is_told_by_what_the_provider_says() {
    let claims = json!({
        "preferred_username": "ann", "email": "ann@example.com", "groups": ["staff", "a,b", 7],
        "name": "Ann",
    });
    let claims = claims.as_object().expect("claims").clone();
    let headers = told(Scheme::Login {
        claims: Arc::new(claims),
    });
    for (name, value) in [
        ("x-gatepass-subject", "7"),
        ("x-gatepass-scheme", "login"),
        ("x-gatepass-username", "ann"),
        ("x-gatepass-email", "ann@example.com"),
        ("x-gatepass-groups", "staff,a%2Cb"),
        ("x-forwarded-user", "7"),
        ("x-forwarded-email", "ann@example.com"),
        ("x-forwarded-preferred-username", "ann"),
    ] {
        assert_eq!(headers.get(name).expect(name), value);
    }
}

/// Whoever makes a key names it; it must not name them.
#[test]
fn the_name_of_a_key_is_nobodys() {
    let headers = told(Scheme::ApiKey {
        name: "admin".to_owned(),
    });
    assert!(headers.values().all(|value| value != "admin"));
    let headers = told(Scheme::Basic {
        username: "ann".to_owned(),
    });
    assert_eq!(headers.get("x-gatepass-username").expect("told"), "ann");
}
