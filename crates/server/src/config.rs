//! What an operator decides.

use std::net::SocketAddr;
use std::path::PathBuf;

use gatepass_proto::ClientId;
use gatepass_proto::decide::rules::Lifetimes;

/// How to run a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// The issuer; `None` makes it from the address that is listened on.
    pub issuer: Option<String>,
    /// The database: a path, `sqlite:PATH` or `memory:`.
    pub database: String,
    /// The master key's file; `None` puts it beside the database, with `.key` added to its name.
    pub master_key: Option<PathBuf>,
    /// Transport security.
    pub tls: Tls,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The audience of tokens whose request names no resource; `None` makes it `ISSUER/api`.
    pub default_audience: Option<String>,
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
            default_audience: None,
            dev: false,
        }
    }

    /// The database's file; `None` for one in memory.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        // As `gatepass_store::open` reads it.
        let path = match self.database.strip_prefix("sqlite:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None => &self.database,
        };
        (path != "memory:").then(|| PathBuf::from(path))
    }

    /// A file beside the database, named after it.
    pub(crate) fn beside_database(&self, suffix: &str) -> Option<PathBuf> {
        let file = self.database_file()?;
        let mut name = file.file_name()?.to_owned();
        name.push(suffix);
        Some(file.with_file_name(name))
    }
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
    }
}
