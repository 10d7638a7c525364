//! A small world for the targets: one client, one user, one key, all of it constant; and a folder.

use std::sync::Arc;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use gatepass_proto::client_auth::Presented;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::UserDetails;
use gatepass_proto::decide::record::{Client, Code, Grant, Key, Record, User};
use gatepass_proto::decide::rules::{Lifetimes, Requests, Tokens};
use gatepass_proto::decide::{Facts, Pairwise, RefreshKeys, Rules};
use gatepass_proto::endpoint::token::{TokenRequest, token};
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{ClientId, Cx, Digest, Entropy, GrantId, Params, Timestamp, UserId};
use tempfile::TempDir;

/// What every redirect URI is compared with.
pub(crate) const REDIRECT_URIS: [&str; 6] = [
    "https://app.example/cb?x=1",
    "https://localhost",
    "http://localhost:8000/callback",
    "http://127.0.0.1/callback",
    "http://[::1]/",
    "com.example.app:/cb",
];

/// The moment at which everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A P-256 key in PKCS #8 that is used nowhere else.
pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let der = include_bytes!("../../key.p8");
    SigningKey::from_pkcs8(der).expect("a key")
});

/// By what is judged.
pub(crate) static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    issuer: "https://as.example".to_owned(),
    token_endpoint: "https://as.example/token".to_owned(),
    par_endpoint: "https://as.example/par".to_owned(),
    default_audience: "https://as.example/api".to_owned(),
    keys: KeySet::of([KEY.jwk()]),
    refresh_keys: RefreshKeys::new(BTreeMap::from([(1, [7; 32].into())])).expect("a key"),
    pairwise: Pairwise::new(&[9; 32]),
    lifetimes: Lifetimes::default(),
    requests: Requests::default(),
    tokens: Tokens::default(),
    trusted_issuers: Vec::new(),
});

/// Bytes in a row, the same at every run.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// The client that everything belongs to.
pub(crate) fn client() -> Client {
    let scope: gatepass_proto::Scope = "read write".parse().expect("a scope");
    Client {
        client_id: ClientId::new("cl_1"),
        client_name: "app".to_owned(),
        client_secrets: Vec::new(),
        auth_methods: vec!["none".to_owned()],
        redirect_uris: REDIRECT_URIS.map(str::to_owned).to_vec(),
        grant_types: ["authorization_code", "refresh_token"]
            .map(str::to_owned)
            .to_vec(),
        scope: scope.clone(),
        default_scope: scope,
        resources: Vec::new(),
        require_pkce: false,
        json_body: false,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: NOW,
        details: Arc::default(),
    }
}

/// What is known of the client.
pub(crate) fn facts() -> Facts {
    let mut facts = Facts::new();
    let client = client();
    facts.learn(
        Key::Client(client.client_id.clone()),
        Some(Record::Client(client)),
    );
    facts
}

/// A grant, everything that is known of it, and its one good refresh token.
pub(crate) fn granted() -> (Facts, Grant, String) {
    let mut facts = facts();
    let user_id = UserId::new("us_1");
    let user = User {
        user_id: user_id.clone(),
        username: "ada".to_owned(),
        password_hash: String::new(),
        created_at: NOW,
        locked_at: None,
        details: UserDetails::default(),
    };
    facts.learn(Key::User(user_id.clone()), Some(Record::User(user)));
    let digest = Digest::of("code");
    let scope = client().scope;
    let code = Code {
        digest,
        grant_id: GrantId::from_bytes([1; 16]),
        client_id: ClientId::new("cl_1"),
        user_id,
        redirect_uri: None,
        code_challenge: None,
        scope,
        audience: vec![RULES.default_audience.clone()],
        auth_time: NOW,
        expires_at: Timestamp::from_secs(NOW.as_secs() + 60),
        spent_at: None,
        details: Box::default(),
    };
    facts.learn(Key::Code(digest), Some(Record::Code(code)));
    let params = Params::parse_form(b"grant_type=authorization_code&code=code&client_id=cl_1");
    let params = params.expect("well formed");
    let request = TokenRequest {
        presented: Presented::read(None, &params),
        json: false,
        dpop: None,
    };
    let mut entropy = Counting(0);
    let done = token(&request, &facts, &RULES, &mut Cx::new(NOW, &mut entropy)).expect("redeemed");
    let grant = done.changes.iter().find_map(|change| match change {
        Change::Insert(Record::Grant(grant)) => Some(grant.clone()),
        _ => None,
    });
    let grant = grant.expect("a grant");
    facts.learn(
        Key::Grant(grant.grant_id),
        Some(Record::Grant(grant.clone())),
    );
    let token = done.value.refresh_token.expect("a refresh token");
    (facts, grant, token.expose().to_owned())
}

/// A folder that is only this user's, in memory where there is such a place: some targets write files.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => private().tempdir_in(memory),
        false => private().tempdir(),
    };
    made.expect("a folder")
}

/// Makes folders that are only this user's.
pub(crate) fn private() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}
