//! What an operator decides.

use std::net::SocketAddr;
use std::path::PathBuf;

use gatepass_proto::ClientId;
use gatepass_proto::decide::rules::{Lifetimes, Requests};
use gatepass_proto::endpoint::register::RegistrationPolicy;

/// How to run a server.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// The issuer; `None` makes it from the address that is listened on.
    pub issuer: Option<String>,
    /// The database: a path, `sqlite:PATH`, `memory:`, or `postgres://…`, which may hold a password.
    pub database: String,
    /// The master key's file; `None` puts it beside the database, with `.key` added to its name.
    pub master_key: Option<PathBuf>,
    /// Transport security.
    pub tls: Tls,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// What holds for the authorization requests of every client.
    pub requests: Requests,
    /// The audience of tokens whose request names no resource; `None` makes it `ISSUER/api`.
    pub default_audience: Option<String>,
    /// Where operators ask for health, readiness and metrics; `None` nowhere.
    pub operations: Option<SocketAddr>,
    /// Where the server may go when a client sends it somewhere.
    pub outbound: Outbound,
    /// Whether and how clients may register themselves. `None` is nobody, but with `dev` everybody, for what is made ready
    /// there.
    pub registration: Option<RegistrationPolicy>,
    /// Whose assertions are taken in place of a person's consent (RFC 7523 §2.1): each issuer, and the file of its keys (a
    /// JWK set). Its `sub` is a user's name here.
    pub trusted_issuers: Vec<(String, PathBuf)>,
    /// Ready-made user, clients and key, the endpoints of older habits, and an API to try them on. For this machine
    /// alone.
    pub dev: bool,
}

/// Transport security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbound {
    /// Whether that may be this machine or one of its network. With `dev` it may.
    pub allow_private_hosts: bool,
    /// A certificate authority to trust besides the system's, in PEM.
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

impl Config {
    /// A server on `listen` over `database`, with everything else as is usual.
    pub fn new(listen: SocketAddr, database: impl Into<String>) -> Self {
        Self {
            listen,
            issuer: None,
            database: database.into(),
            master_key: None,
            tls: Tls::Off,
            lifetimes: Lifetimes::default(),
            requests: Requests::default(),
            default_audience: None,
            operations: None,
            outbound: Outbound::default(),
            registration: None,
            trusted_issuers: Vec::new(),
            dev: false,
        }
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
