//! Records for tests. `n` tells those of one kind apart.

use std::sync::Arc;

use gatepass_proto::decide::details::{ClientDetails, GrantDetails, SessionDetails, UserDetails};
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{
    ApiKey, Client, Code, Denied, Family, Grant, Record, SealedKey, Session, User,
};
use gatepass_proto::pkce::CodeChallenge;
use gatepass_proto::{ClientId, Digest, GrantId, Scope, Timestamp, UserId};

/// When the tests take place.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// The digest of a number.
pub fn digest(n: u32) -> Digest {
    Digest::of(n.to_be_bytes())
}

/// A grant id made from a number.
pub fn grant_id(n: u32) -> GrantId {
    GrantId::from_bytes(u128::from(n).to_be_bytes())
}

/// A confidential client with every field filled.
pub fn client(n: u32) -> Client {
    Client {
        client_id: ClientId::new(format!("cl_{n:08}")),
        client_name: "Größe \"quoted\" ' \\ \u{1f511}".into(),
        client_secrets: vec![digest(n), digest(n + 1)],
        auth_methods: vec!["client_secret_basic".into(), "client_secret_post".into()],
        redirect_uris: vec!["https://a.example/cb?x=1&y=[2]".into(), String::new()],
        grant_types: vec!["authorization_code".into(), "refresh_token".into()],
        scope: scope("read write read-write"),
        default_scope: scope("read"),
        resources: vec!["https://api.example/".into()],
        require_pkce: true,
        json_body: false,
        access_token_ttl: Some(600),
        refresh_grace: Some(0),
        client_id_issued_at: NOW,
        details: Arc::new(ClientDetails {
            jwks_uri: Some("https://a.example/jwks".into()),
            default_max_age: Some(7),
            request_uris: vec!["https://a.example/request".into()],
            ..ClientDetails::default()
        }),
    }
}

/// A public client with every field empty that may be.
pub fn bare_client(n: u32) -> Client {
    Client {
        client_id: ClientId::new(format!("cl_{n:08}")),
        client_name: String::new(),
        client_secrets: Vec::new(),
        auth_methods: Vec::new(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scope: Scope::empty(),
        default_scope: Scope::empty(),
        resources: Vec::new(),
        require_pkce: false,
        json_body: true,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: Timestamp::from_millis(0),
        details: Arc::default(),
    }
}

/// A user.
pub fn user(n: u32) -> User {
    User {
        user_id: UserId::new(format!("us_{n:08}")),
        username: format!("user {n}"),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
        created_at: NOW,
        locked_at: None,
        details: UserDetails {
            credentials_changed_at: Some(NOW),
            ..UserDetails::default()
        },
    }
}

/// A session that ends an hour from now.
pub fn session(n: u32) -> Session {
    Session {
        digest: digest(n),
        user_id: UserId::new("us_1"),
        auth_time: Timestamp::from_millis(NOW.as_millis() + 1),
        expires_at: Timestamp::from_secs(NOW.as_secs() + 3600),
        details: SessionDetails {
            sid: "s".into(),
            amr: vec!["pwd".into()],
            ..SessionDetails::default()
        },
    }
}

/// A code that ends a minute from now, for the grant of the same number.
pub fn code(n: u32) -> Code {
    Code {
        digest: digest(n),
        grant_id: grant_id(n),
        client_id: ClientId::new("cl_1"),
        user_id: UserId::new("us_1"),
        redirect_uri: Some("http://127.0.0.1:8000/callback".into()),
        code_challenge: Some(CodeChallenge::from_digest(digest(n + 1))),
        scope: scope("read"),
        audience: vec!["https://api.example/".into(), "https://b.example/".into()],
        auth_time: NOW,
        expires_at: Timestamp::from_secs(NOW.as_secs() + 60),
        spent_at: None,
        details: details(),
    }
}

/// A grant that ends a day from now, whose family stands at its first token.
pub fn grant(n: u32) -> Grant {
    Grant {
        grant_id: grant_id(n),
        client_id: ClientId::new("cl_1"),
        user_id: UserId::new("us_1"),
        scope: scope("read write"),
        audience: vec!["https://api.example/".into()],
        created_at: NOW,
        expires_at: Timestamp::from_secs(NOW.as_secs() + 86_400),
        revoked_at: None,
        family: Some(Family {
            seed: [7; 16],
            key_version: 3,
            head: 1,
            rotated_at: NOW,
        }),
        details: details(),
    }
}

fn details() -> Box<GrantDetails> {
    Box::new(GrantDetails {
        nonce: Some("n \u{1f511}".into()),
        auth_time: Some(NOW),
        claims: Some(serde_json::json!({ "id_token": { "email": null } })),
        ..GrantDetails::default()
    })
}

/// An item that ends a minute from now.
pub fn item(n: u32) -> Item {
    Item {
        space: "sample",
        digest: digest(n),
        version: 1,
        owner: Some("us_1".into()),
        body: "{}".into(),
        expires_at: Timestamp::from_secs(NOW.as_secs() + 60),
    }
}

/// An API key that never ends.
pub fn api_key(n: u32) -> ApiKey {
    ApiKey {
        digest: digest(n),
        name: format!("key {n}"),
        user_id: UserId::new("us_1"),
        scope: scope("read"),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
    }
}

/// A withdrawn access token that would have ended ten minutes from now.
pub fn denied(n: u32) -> Denied {
    Denied {
        jti: format!("jti-{n}"),
        until: Timestamp::from_secs(NOW.as_secs() + 600),
    }
}

/// A sealed signing key.
pub fn sealed_key(n: u32) -> SealedKey {
    SealedKey {
        key_id: format!("kid-{n:04}"),
        purpose: "sign".into(),
        alg: "ES256".into(),
        sealed: vec![0, 255, 1, 0],
        created_at: NOW,
        activates_at: NOW,
    }
}

/// One record of every kind and of every optional field, there and absent.
pub fn every_kind() -> Vec<Record> {
    let later = Timestamp::from_millis(NOW.as_millis() + 12_345);
    vec![
        Record::Client(client(1)),
        Record::Client(bare_client(2)),
        Record::User(user(1)),
        Record::User(User {
            username: String::new(),
            locked_at: Some(later),
            ..user(2)
        }),
        Record::Session(session(1)),
        Record::Code(code(1)),
        Record::Code(Code {
            redirect_uri: None,
            code_challenge: None,
            audience: Vec::new(),
            spent_at: Some(later),
            ..code(2)
        }),
        Record::Grant(grant(1)),
        Record::Grant(Grant {
            revoked_at: Some(later),
            family: None,
            ..grant(2)
        }),
        Record::Grant(Grant {
            family: Some(Family {
                seed: [255; 16],
                key_version: u32::MAX,
                head: u32::MAX,
                rotated_at: later,
            }),
            ..grant(3)
        }),
        Record::ApiKey(api_key(1)),
        Record::ApiKey(ApiKey {
            expires_at: Some(later),
            revoked_at: Some(later),
            ..api_key(2)
        }),
        Record::Denied(denied(1)),
        Record::SealedKey(sealed_key(1)),
        Record::SealedKey(SealedKey {
            sealed: Vec::new(),
            activates_at: later,
            ..sealed_key(2)
        }),
    ]
}

fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}
