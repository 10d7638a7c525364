use serde_json::{Map, Value, json};

use super::{Admission, RegistrationPolicy, Terms, register, settle::settle};
use crate::decide::record::{Key, Record};
use crate::decide::{Facts, Halt};
use crate::message::metadata::ServerMetadata;
use crate::{Cx, Entropy, Timestamp};

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

pub(super) fn terms(change: impl FnOnce(&mut ServerMetadata)) -> Terms {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    let mut served = ServerMetadata {
        issuer: "https://as.example".into(),
        grant_types_supported: texts(&[
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "password",
            "urn:openid:params:grant-type:ciba",
        ]),
        response_types_supported: texts(&["code"]),
        token_endpoint_auth_methods_supported: texts(&[
            "none",
            "client_secret_basic",
            "private_key_jwt",
            "tls_client_auth",
        ]),
        subject_types_supported: texts(&["public", "pairwise"]),
        ..ServerMetadata::default()
    };
    change(&mut served);
    let policy = RegistrationPolicy {
        admission: Admission::Open,
        scope: "read write".parse().expect("a scope"),
        require_pkce: true,
    };
    Terms::new(policy, &served, "https://as.example/register")
}

fn said(more: Value) -> Map<String, Value> {
    let mut said = json!({ "redirect_uris": ["https://app.example/cb"] });
    let members = said.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    members.clone()
}

/// What becomes of this, as JSON; or the code of the refusal.
fn becomes(more: Value, terms: &Terms) -> Result<Value, &'static str> {
    settle(said(more), terms)
        .map(|settled| serde_json::to_value(settled).expect("written"))
        .map_err(|error| error.code().as_str())
}

#[test]
fn what_the_server_does_not_have_is_left_out() {
    let wishes = json!({
        "id_token_signed_response_alg": "ES256", "request_uris": ["https://app.example/request"],
        "post_logout_redirect_uris": ["https://app.example/bye"], "default_max_age": 5,
        "backchannel_logout_uri": "https://app.example/logout", "software_version": "1",
    });
    let bare = becomes(wishes.clone(), &terms(|_| ())).expect("settled");
    for name in wishes.as_object().expect("an object").keys() {
        assert_eq!(bare.get(name), None, "{name}");
    }
    let full = terms(|served| {
        served.id_token_signing_alg_values_supported = vec!["ES256".into()];
        served.end_session_endpoint = Some("https://as.example/logout".into());
        for name in [
            "backchannel_logout_supported",
            "request_uri_parameter_supported",
        ] {
            served.extra.insert(name.into(), true.into());
        }
    });
    let kept = becomes(wishes.clone(), &full).expect("settled");
    for (name, value) in wishes.as_object().expect("an object") {
        if name != "software_version" {
            assert_eq!(kept.get(name), Some(value), "{name}");
        }
    }
    let other = json!({ "id_token_signed_response_alg": "none" });
    assert_eq!(becomes(other, &full), Err("invalid_client_metadata"));
}

/// A client that wants to be held to more must not be held to less without knowing.
#[test]
fn what_would_be_less_safe_is_refused() {
    for name in [
        "require_signed_request_object",
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
    ] {
        let wish = json!({ name: true });
        assert_eq!(
            becomes(wish.clone(), &terms(|_| ())),
            Err("invalid_client_metadata")
        );
        assert!(becomes(json!({ name: false }), &terms(|_| ())).is_ok());
        let able = terms(|served| {
            served.request_object_signing_alg_values_supported = vec!["ES256".into()];
            served.dpop_signing_alg_values_supported = vec!["ES256".into()];
            served.tls_client_certificate_bound_access_tokens = true;
            served.pushed_authorization_request_endpoint = Some("https://as.example/par".into());
        });
        assert_eq!(becomes(wish, &able).expect("settled")[name], true);
    }
}

#[test]
fn methods_take_what_they_prove_by() {
    let terms = terms(|_| ());
    let key = json!({ "keys": [{ "kty": "EC" }] });
    for (more, good) in [
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key }),
            true,
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks" }),
            true,
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            false,
        ),
        (
            json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "app.example" }),
            true,
        ),
        (
            json!({ "token_endpoint_auth_method": "tls_client_auth" }),
            false,
        ),
        (
            json!({
                "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "app.example",
                "tls_client_auth_subject_dn": "CN=app",
            }),
            false,
        ),
        (
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
            false,
        ),
    ] {
        assert_eq!(becomes(more.clone(), &terms).is_ok(), good, "{more}");
    }
}

#[test]
fn pairwise_names_take_one_host() {
    let terms = terms(|_| ());
    let pairwise = |uris: Value| json!({ "subject_type": "pairwise", "redirect_uris": uris });
    let one = pairwise(json!(["https://app.example/a", "https://app.example/b"]));
    assert_eq!(
        becomes(one, &terms).expect("settled")["subject_type"],
        "pairwise"
    );
    let two = pairwise(json!(["https://app.example/a", "https://other.example/b"]));
    assert_eq!(becomes(two, &terms), Err("invalid_client_metadata"));
}

/// Nobody keeps a private key of somebody else's, not even by accident.
#[test]
fn private_keys_are_not_taken() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let jwks = json!({ "keys": [{ "kty": "RSA" }, { "kty": "RSA", member: "AA" }] });
        let more = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
        assert_eq!(
            becomes(more, &terms(|_| ())),
            Err("invalid_client_metadata"),
            "{member}"
        );
    }
}

/// What is said in the answer is what is in the record.
#[test]
fn the_answer_is_the_record() {
    let mut entropy = Counter(0);
    let mut cx = Cx::new(Timestamp::from_secs(1_800_000_000), &mut entropy);
    let terms = terms(|_| ());
    let more = json!({
        "client_name": " Notes ", "scope": "write admin", "contacts": ["a@app.example"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks",
        "client_secret": "mine", "client_id": "mine",
    });
    let done = register(&said(more), None, &terms, &Facts::new(), &mut cx).expect("done");
    let made = done.changes.iter().find_map(|change| match change {
        crate::decide::change::Change::Insert(Record::Client(client)) => Some(client.clone()),
        _ => None,
    });
    let client = made.expect("a client");
    assert_eq!(client.client_name, "Notes");
    assert_eq!(client.default_scope.to_string(), "write");
    assert_eq!(client.scope.to_string(), "read write");
    assert_eq!(client.auth_methods, ["private_key_jwt"]);
    assert!(client.require_pkce && client.client_secrets.is_empty());
    assert_ne!(client.client_id.as_str(), "mine");
    let token = done
        .value
        .registration_access_token
        .clone()
        .expect("a token");
    assert_eq!(
        client.details.registration_access_token,
        Some(token.digest())
    );

    let mut facts = Facts::new();
    let id = client.client_id.clone();
    let Err(Halt::Need(_)) = super::read(&id, Some(&token), &terms, &facts) else {
        panic!("it is not known yet");
    };
    facts.learn(Key::Client(id.clone()), Some(Record::Client(client)));
    let read = super::read(&id, Some(&token), &terms, &facts).expect("read");
    assert_eq!(read.value, done.value);
}
