//! What an operator decides.
//!
//! [`Config`] is also what the configuration file holds: its fields are the file's members, in this order and by these
//! names. So a new setting is one field here with its default in [`Config::new`], and its lines in
//! `packaging/server.toml`, which a test compares with the fields. A [`Duration`](std::time::Duration) takes
//! `#[serde(with = "span")]`, a type of another crate a table in `wire.rs`, a type of this one derives `Serialize` and
//! `Deserialize` with `#[serde(default, deny_unknown_fields)]`. A secret is never a member, only where it is
//! ([`KeySource`]).

mod environment;
mod file;
pub(crate) use gatepass_settings::span;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;

use gatepass_proto::ClientId;
use gatepass_proto::decide::rules::{Lifetimes, Requests, Tokens};
use gatepass_proto::endpoint::register::RegistrationPolicy;
use serde::{Deserialize, Serialize};

use crate::keys::KeyRotation;
use crate::mtls::Mtls;
use crate::proxy::Proxies;
pub use crate::seal::KeySource;
pub use file::ConfigError;

/// How to run a server.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// The issuer; `None` makes it from the address that is listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The database: a path, `sqlite:PATH`, `memory:`, or `postgres://…`, which may hold a password. Empty names none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub database: String,
    /// Where the master key is; `None` puts it into a file beside the database, with `.key` added to its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key: Option<KeySource>,
    /// Where operators ask for health, readiness and metrics; `None` nowhere.
    #[serde(rename = "operations_listen", skip_serializing_if = "Option::is_none")]
    pub operations: Option<SocketAddr>,
    /// The audience of tokens whose request names no resource; `None` makes it `ISSUER/api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// Whether a client may name itself by the address of a document that describes it, without being registered. With
    /// `dev` it may.
    pub client_id_metadata_documents: bool,
    /// Transport security.
    pub tls: Tls,
    /// Clients that show certificates.
    pub mtls: Mtls,
    /// Who stands in front, and what is believed of them.
    pub proxies: Proxies,
    /// How long things live.
    #[serde(with = "wire::LifetimesTable")]
    pub lifetimes: Lifetimes,
    /// What holds for the authorization requests of every client.
    #[serde(with = "wire::RequestsTable")]
    pub requests: Requests,
    /// How tokens look, and what ends them.
    #[serde(with = "wire::TokensTable")]
    pub tokens: Tokens,
    /// How often the server's own keys are replaced.
    pub key_rotation: KeyRotation,
    /// The algorithms for which there is a signing key from the start, of those in the metadata; one for another is made
    /// when somebody first asks for it.
    pub signing_algorithms: Vec<String>,
    /// What access tokens are signed with.
    pub access_token_signing_alg: String,
    /// Where the server may go when a client sends it somewhere.
    pub outbound: Outbound,
    /// Whether and how clients may register themselves. `None` is nobody, but with `dev` everybody, for what is made ready
    /// there.
    #[serde(with = "wire::registration", skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationPolicy>,
    /// Whose assertions are taken in place of a person's consent (RFC 7523 §2.1): each issuer, and the file of its keys (a
    /// JWK set). Its `sub` is a user's name here.
    #[serde(with = "wire::trusted_issuers")]
    pub trusted_issuers: Vec<(String, PathBuf)>,
    /// Ready-made user, clients and key, the endpoints of older habits, and an API to try them on. For this machine
    /// alone, and so no member of the file.
    #[serde(skip)]
    pub dev: bool,
    /// Whether an API shares the server's origin ([`Server::beside`](crate::Server::beside)). It is then the audience of
    /// tokens whose request names no resource, and what `dev` has besides the standards' endpoints makes room for it.
    #[serde(skip)]
    pub shares_origin: bool,
}

/// Transport security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "wire::TlsTable", into = "wire::TlsTable")]
pub enum Tls {
    /// None: a proxy in front has it, or nobody but this machine listens.
    #[default]
    Off,
    /// A certificate for this machine from a local authority that is made for it.
    Dev,
    /// A certificate chain and its key, in PEM.
    Files {
        /// The chain, the server's own certificate first.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// Where the server may go when a client sends it somewhere, as with its `jwks_uri`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outbound {
    /// Whether that may be this machine or one of its network. With `dev` it may.
    pub allow_private_hosts: bool,
    /// A certificate authority to trust besides the system's, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_ca: Option<PathBuf>,
}

impl std::fmt::Debug for Config {
    /// Of the database the place alone: its address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("issuer", &self.issuer)
            .field("database", &gatepass_store::place(&self.database))
            .field("tls", &self.tls)
            .field("dev", &self.dev)
            .finish_non_exhaustive()
    }
}

impl Default for Config {
    /// A server on port 8484 of this machine alone, without a database yet.
    fn default() -> Self {
        Self::new(SocketAddr::from(([127, 0, 0, 1], 8484)), "")
    }
}

impl Config {
    /// A server on `listen` over `database`, with everything else as is usual.
    pub fn new(listen: SocketAddr, database: impl Into<String>) -> Self {
        Self {
            listen,
            issuer: None,
            database: database.into(),
            master_key: None,
            operations: None,
            default_audience: None,
            client_id_metadata_documents: false,
            tls: Tls::Off,
            mtls: Mtls::default(),
            proxies: Proxies::default(),
            lifetimes: Lifetimes::default(),
            requests: Requests::default(),
            tokens: Tokens::default(),
            key_rotation: KeyRotation::default(),
            signing_algorithms: ["RS256", "ES256"].map(str::to_owned).to_vec(),
            access_token_signing_alg: "ES256".to_owned(),
            outbound: Outbound::default(),
            registration: None,
            trusted_issuers: Vec::new(),
            dev: false,
            shares_origin: false,
        }
    }

    /// The settings as the configuration file has them, the usual ones too. A password in the database's address is left
    /// out.
    ///
    /// # Errors
    ///
    /// A path is no text.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        let mut shown = self.clone();
        shown.database = file::without_password(&self.database);
        toml::to_string(&shown).map_err(|error| ConfigError::Unwritable(error.to_string()))
    }

    /// The database's file; `None` for one in memory or behind a server.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        gatepass_store::file(&self.database)
    }

    /// A file beside the database, named after it.
    pub(crate) fn beside_database(&self, suffix: &str) -> Option<PathBuf> {
        beside_database(&self.database, suffix)
    }
}

/// What is added to the database's name for the file of the master key.
pub(crate) const MASTER_KEY: &str = ".key";

/// A file beside this database, named after it; `None` beside one that is in memory or behind a server.
pub(crate) fn beside_database(database: &str, suffix: &str) -> Option<PathBuf> {
    let file = gatepass_store::file(database)?;
    let mut name = file.file_name()?.to_owned();
    name.push(suffix);
    Some(file.with_file_name(name))
}

/// The older habits that are switched on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legacy {
    /// The client on whose behalf the login endpoints issue tokens; they are there only with one.
    pub(crate) direct_login: Option<ClientId>,
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::path::PathBuf;

    use super::Config;

    #[test]
    fn what_belongs_to_the_database_lies_beside_it() {
        let beside = |database: &str| {
            Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), database).beside_database(".key")
        };
        for (database, key) in [
            ("a.db", "a.db.key"),
            ("sqlite:a.db", "a.db.key"),
            ("sqlite://a.db", "a.db.key"),
            ("sqlite:///x/a.db", "/x/a.db.key"),
            ("/x/a.db", "/x/a.db.key"),
        ] {
            assert_eq!(beside(database), Some(PathBuf::from(key)), "{database}");
        }
        assert_eq!(beside("memory:"), None);
        assert_eq!(beside("postgres://db.example/gatepass"), None);
    }
}
