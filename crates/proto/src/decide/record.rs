//! What the server remembers. Each record is a plain value; how it is stored is the store's affair.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::details::{ClientDetails, GrantDetails, SessionDetails, UserDetails};
use super::item::Item;
use crate::pkce::CodeChallenge;
use crate::{ClientId, Digest, GrantId, Scope, Timestamp, UserId};

/// A registered client (RFC 6749 §2; names from RFC 7591 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub client_id: ClientId,
    /// `client_name`, shown on the consent page.
    pub client_name: String,
    /// SHA-256 of each secret that is good now; two while one is being replaced, none for a public client.
    pub client_secrets: Vec<Digest>,
    /// Names of the client authentication methods it may use (`token_endpoint_auth_method`).
    pub auth_methods: Vec<String>,
    /// `redirect_uris`, compared exactly but for the port of native loopback.
    pub redirect_uris: Vec<String>,
    /// `grant_types` it may use.
    pub grant_types: Vec<String>,
    /// Everything it may ask for.
    pub scope: Scope,
    /// What it gets when it asks for nothing.
    pub default_scope: Scope,
    /// The resources it may name besides the server's default audience (RFC 8707).
    pub resources: Vec<String>,
    /// Whether an authorization request without PKCE is refused. Always so for public clients.
    pub require_pkce: bool,
    /// Whether the token endpoint takes a JSON body from it, an older habit.
    pub json_body: bool,
    /// Lifetime of its access tokens, in seconds; `None` for the server's.
    pub access_token_ttl: Option<u64>,
    /// Grace for a repeated refresh, in seconds; `None` for the server's.
    pub refresh_grace: Option<u64>,
    /// `client_id_issued_at`.
    pub client_id_issued_at: Timestamp,
    /// The rest of it.
    pub details: Arc<ClientDetails>,
}

impl Client {
    /// Whether it has no means to authenticate (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.auth_methods.iter().all(|method| method == "none")
    }

    /// Whether it registered `grant_type`.
    pub fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|own| own == grant_type)
    }
}

/// A person with a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The `sub` of their tokens.
    pub user_id: UserId,
    /// What they type to log in, compared exactly; unique.
    pub username: String,
    /// Argon2id, in PHC format. Not a secret in itself, but never shown either.
    pub password_hash: String,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when the account is locked.
    pub locked_at: Option<Timestamp>,
    /// The rest of it.
    pub details: UserDetails,
}

impl User {
    /// Whether what a person began at `since`, a login or a consent, still counts: the account is not locked, and its
    /// password has not been changed after that.
    pub fn admits(&self, since: Timestamp) -> bool {
        let changed = self.details.credentials_changed_at;
        self.locked_at.is_none() && changed.is_none_or(|changed| since >= changed)
    }
}

impl Grant {
    /// When the person logged in for it: what it stands and falls with when the password is changed.
    pub fn since(&self) -> Timestamp {
        self.details.auth_time.unwrap_or(self.created_at)
    }
}

/// A browser's login at this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub digest: Digest,
    /// Who is logged in.
    pub user_id: UserId,
    /// When the password was given (`auth_time`).
    pub auth_time: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The rest of it.
    pub details: SessionDetails,
}

/// An authorization code (RFC 6749 §4.1.2), and all that is needed to make the grant it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// SHA-256 of the code.
    pub digest: Digest,
    /// The grant that redeeming it makes, and that a replay revokes.
    pub grant_id: GrantId,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// Who consented.
    pub user_id: UserId,
    /// The `redirect_uri` of the request, if it named one; the token request must repeat it exactly.
    pub redirect_uri: Option<String>,
    /// PKCE (RFC 7636), always S256.
    pub code_challenge: Option<CodeChallenge>,
    /// What was consented to.
    pub scope: Scope,
    /// For which resources (RFC 8707); never empty.
    pub audience: Vec<String>,
    /// When the user authenticated.
    pub auth_time: Timestamp,
    /// After this it is worth nothing.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub spent_at: Option<Timestamp>,
    /// The rest of it, which the grant takes over.
    pub details: Box<GrantDetails>,
}

/// One consent in force: what a code was redeemed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its name, carried by every token that comes from it.
    pub grant_id: GrantId,
    /// To whom it was given.
    pub client_id: ClientId,
    /// By whom.
    pub user_id: UserId,
    /// What it covers.
    pub scope: Scope,
    /// For which resources.
    pub audience: Vec<String>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When nothing that came from it can be valid any more; the row may go then.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
    /// Its refresh tokens, if it has any.
    pub family: Option<Family>,
    /// The rest of it.
    pub details: Box<GrantDetails>,
}

/// The refresh tokens of a grant: a chain of which only the head, and for a short grace the one before it,
/// is good. No token is kept: each is a MAC over the grant's id and its position in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Randomness of this family alone, under the MAC.
    pub seed: [u8; 16],
    /// Which derivation key the MAC uses; a family outlives the rotation of that key.
    pub key_version: u32,
    /// Position of the token that is good now; the first is 1.
    pub head: u32,
    /// When the head took its place.
    pub rotated_at: Timestamp,
}

/// A long-lived key of a user for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// SHA-256 of the key.
    pub digest: Digest,
    /// What lists and logs call it; unique.
    pub name: String,
    /// On whose behalf it acts.
    pub user_id: UserId,
    /// What it opens.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// A single access token withdrawn before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The token's `jti`.
    pub jti: String,
    /// When it would have ended anyway; the row may go then.
    pub until: Timestamp,
}

/// A key of the server's own, encrypted under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Its `kid`, or `refresh-` and a version; unique.
    pub key_id: String,
    /// What it is for: `sign` or `refresh`.
    pub purpose: String,
    /// Its algorithm: `ES256`, `HS256`.
    pub alg: String,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// When it was made. Whoever must know it, knows it from then on.
    pub created_at: Timestamp,
    /// From when it is used in place of the one before it.
    pub activates_at: Timestamp,
}

/// Any record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the record of the same name")]
pub enum Record {
    Client(Client),
    User(User),
    Session(Session),
    Code(Code),
    Grant(Grant),
    ApiKey(ApiKey),
    Denied(Denied),
    SealedKey(SealedKey),
    Item(Item),
}

impl Record {
    /// The key it is found by first.
    pub fn key(&self) -> Key {
        match self {
            Self::Client(client) => Key::Client(client.client_id.clone()),
            Self::User(user) => Key::User(user.user_id.clone()),
            Self::Session(session) => Key::Session(session.digest),
            Self::Code(code) => Key::Code(code.digest),
            Self::Grant(grant) => Key::Grant(grant.grant_id),
            Self::ApiKey(key) => Key::ApiKey(key.digest),
            Self::Denied(denied) => Key::Denied(denied.jti.clone()),
            Self::SealedKey(key) => Key::SealedKey(key.key_id.clone()),
            Self::Item(item) => item.key(),
        }
    }
}

/// Where a record is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A client by `client_id`.
    Client(ClientId),
    /// A user by `sub`.
    User(UserId),
    /// A user by what they type to log in.
    Username(String),
    /// A session by its cookie's digest.
    Session(Digest),
    /// A code by its digest.
    Code(Digest),
    /// A grant by its id.
    Grant(GrantId),
    /// An API key by its digest.
    ApiKey(Digest),
    /// A withdrawn access token by `jti`.
    Denied(String),
    /// A sealed key by its id.
    SealedKey(String),
    /// An item by its kind and digest.
    Item {
        /// Its kind.
        space: &'static str,
        /// What it is found by.
        digest: Digest,
    },
}

/// What is listed: for operators, and for the people whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All clients.
    Client,
    /// All users.
    User,
    /// All API keys.
    ApiKey,
    /// All sealed keys.
    SealedKey,
    /// The grants that a user gave.
    GrantsOf(UserId),
    /// The logins of a user.
    SessionsOf(UserId),
    /// The items of a kind that are somebody's.
    ItemsOf {
        /// Their kind.
        space: &'static str,
        /// Whose.
        owner: String,
    },
}
