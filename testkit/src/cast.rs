//! Who plays in a [`Pair`](crate::Pair): the server's rules, its one client, its one user.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatepass_proto::decide::details::UserDetails;
use gatepass_proto::decide::record::{Client, User};
use gatepass_proto::decide::rules::{Lifetimes, Requests, Tokens};
use gatepass_proto::decide::{Pairwise, RefreshKeys, Rules};
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{ClientId, Scope, Secret, Timestamp, UserId};

/// Where the pair's client has its browser come back to.
pub const REDIRECT_URI: &str = "https://app.example/callback";

pub(crate) const ISSUER: &str = "https://as.example";

pub(crate) fn rules(signing: &SigningKey) -> Rules {
    let keys = BTreeMap::from([(1, [7; 32].into())]);
    Rules {
        issuer: ISSUER.to_owned(),
        token_endpoint: format!("{ISSUER}/token"),
        par_endpoint: format!("{ISSUER}/par"),
        default_audience: format!("{ISSUER}/api"),
        keys: KeySet::of([signing.jwk()]),
        refresh_keys: RefreshKeys::new(keys).expect("one key"),
        pairwise: Pairwise::new(&[9; 32]),
        lifetimes: Lifetimes::default(),
        requests: Requests::default(),
        tokens: Tokens::default(),
        trusted_issuers: Vec::new(),
    }
}

pub(crate) fn client(secret: &Secret) -> Client {
    let scope = || "read write".parse::<Scope>().expect("a scope");
    Client {
        client_id: ClientId::new("cl_pair"),
        client_name: "Pair".to_owned(),
        client_secrets: vec![secret.digest()],
        auth_methods: vec!["client_secret_basic".to_owned()],
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        grant_types: [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "password",
            "urn:ietf:params:oauth:grant-type:device_code",
        ]
        .map(str::to_owned)
        .to_vec(),
        scope: scope(),
        default_scope: scope(),
        resources: Vec::new(),
        require_pkce: true,
        json_body: false,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: Timestamp::from_secs(1_800_000_000),
        details: Arc::default(),
    }
}

pub(crate) fn user(user_id: &UserId) -> User {
    User {
        user_id: user_id.clone(),
        username: "user".to_owned(),
        password_hash: "not looked at".to_owned(),
        created_at: Timestamp::from_secs(1_800_000_000),
        locked_at: None,
        details: UserDetails::default(),
    }
}
