//! What is measured: ours on each database, the floor, and a peer.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use gatepass_testkit::{Postgres, PostgresDatabase};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::pinning;
use crate::work::member;

/// Whose figures stand in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    /// `gatepass serve` on SQLite.
    Sqlite,
    /// `gatepass serve` on PostgreSQL.
    Postgres,
    /// The bare program.
    Floor,
    /// npm's oidc-provider.
    OidcProvider,
    /// `gatepass serve` on an SQLite database that has seen years.
    Filled,
}

impl Contender {
    /// In the order of the columns.
    pub(crate) const ALL: [Self; 5] = [
        Self::Sqlite,
        Self::Postgres,
        Self::Floor,
        Self::OidcProvider,
        Self::Filled,
    ];
}

/// How a program is started, and what it calls things.
pub(crate) struct Program {
    pub(crate) contender: Contender,
    pub(crate) dialect: Dialect,
    pub(super) binary: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) log: PathBuf,
    database: String,
    /// Who may use it, unless it says so itself.
    pub(super) known: Option<Known>,
}

/// Where its endpoints are, and what else differs.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) authorize: &'static str,
    pub(crate) token: &'static str,
    pub(crate) introspect: &'static str,
    pub(crate) jwks: &'static str,
    /// The `resource` that has to be named for a token to be a JWT.
    pub(crate) resource: Option<&'static str>,
    /// Whether a user's token is had for a password; else it takes a code.
    pub(crate) takes_passwords: bool,
}

const OURS: Dialect = Dialect {
    authorize: "/oauth/authorize",
    token: "/oauth/token",
    introspect: "/oauth/introspect",
    jwks: "/jwks.json",
    resource: None,
    takes_passwords: true,
};

const OIDC_PROVIDER: Dialect = Dialect {
    authorize: "/auth",
    token: "/token",
    introspect: "/token/introspection",
    jwks: "/jwks",
    resource: Some("https://api.example.com/"),
    takes_passwords: false,
};

/// Where codes go; nobody listens there.
pub(crate) const REDIRECT_URI: &str = "https://client.example.com/callback";

/// Who may use a program.
#[derive(Clone, Deserialize)]
pub(crate) struct Known {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The client whose tokens are opaque, where it is another one.
    #[serde(default)]
    pub(crate) opaque: Option<(String, String)>,
}

impl Program {
    /// `gatepass serve` on a new SQLite database in `scratch`, with a user and a client.
    pub(crate) async fn sqlite(binary: PathBuf, scratch: &Path) -> anyhow::Result<Self> {
        let database = scratch.join("gatepass.db");
        let database = database.to_str().context("a path that is not UTF-8")?;
        Self::ours(Contender::Sqlite, binary, scratch, database, "gatepass.log").await
    }

    /// The same on a database that is there already.
    pub(crate) async fn filled(
        binary: PathBuf,
        scratch: &Path,
        database: &Path,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(database.is_file(), "{} is no file", database.display());
        let database = database.to_str().context("a path that is not UTF-8")?;
        let log = "gatepass-filled.log";
        Self::ours(Contender::Filled, binary, scratch, database, log).await
    }

    /// The same on a new database of a PostgreSQL server.
    pub(crate) async fn postgres(
        binary: PathBuf,
        scratch: &Path,
        database: &PostgresDatabase,
    ) -> anyhow::Result<Self> {
        let log = "gatepass-postgres.log";
        Self::ours(Contender::Postgres, binary, scratch, &database.url, log).await
    }

    async fn ours(
        contender: Contender,
        binary: PathBuf,
        scratch: &Path,
        database: &str,
        log: &str,
    ) -> anyhow::Result<Self> {
        let key = match contender {
            Contender::Filled => PathBuf::from(format!("{database}.key")),
            _ => scratch.join("master.key"),
        };
        let args = ["serve", "--output", "json", "--listen", "127.0.0.1:0"];
        let key = ["--master-key-file".to_owned(), key.display().to_string()];
        let database = database.to_owned();
        let mut program = Self {
            contender,
            dialect: OURS,
            binary,
            args: args.iter().map(ToString::to_string).chain(key).collect(),
            log: scratch.join(log),
            database: database.clone(),
            known: None,
        };
        program.args.extend(["--database".to_owned(), database]);
        program.known = Some(program.people().await?);
        Ok(program)
    }

    /// This program as the floor.
    pub(crate) fn floor(scratch: &Path) -> anyhow::Result<Self> {
        let database = scratch.join("floor.db").display().to_string();
        Ok(Self {
            contender: Contender::Floor,
            dialect: OURS,
            binary: std::env::current_exe()?,
            args: vec!["floor".to_owned(), database.clone()],
            log: scratch.join("floor.log"),
            database,
            known: None,
        })
    }

    /// npm's oidc-provider with everything in memory: the script that starts it, run by Node.js.
    pub(crate) fn oidc_provider(node: PathBuf, script: &Path, scratch: &Path) -> Self {
        Self {
            contender: Contender::OidcProvider,
            dialect: OIDC_PROVIDER,
            binary: node,
            args: vec![script.display().to_string()],
            log: scratch.join("oidc-provider.log"),
            database: String::new(),
            known: None,
        }
    }

    /// The file that is run.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Its database.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// A user and a client that may do whatever is measured.
    async fn people(&self) -> anyhow::Result<Known> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        // A database that is there already may know those of the last time.
        let user = &*format!("ada{nanos}");
        let password = "a long password that nobody has guessed yet";
        self.admin(
            &["user", "add", user, "--password-env", "BENCH_PASSWORD"],
            password,
        )
        .await?;
        let grants = [
            "client_credentials",
            "password",
            "authorization_code",
            "refresh_token",
        ];
        let mut add = vec![
            "client",
            "add",
            "bench",
            "--scope",
            "openid read write",
            "--default-scope",
            "read write",
        ];
        add.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
        add.extend(["--redirect-uri", REDIRECT_URI]);
        let client = self.admin(&add, password).await?;
        let add = [
            "client",
            "add",
            "opaque",
            "--scope",
            "read write",
            "--opaque-access-tokens",
        ];
        let opaque = self.admin(&add, password).await?;
        let secret = |client: &str| member(client, "client_secret");
        Ok(Known {
            user: user.to_owned(),
            password: password.to_owned(),
            client_id: member(&client, "client_id")?,
            client_secret: secret(&client)?,
            opaque: Some((member(&opaque, "client_id")?, secret(&opaque)?)),
        })
    }

    async fn admin(&self, args: &[&str], password: &str) -> anyhow::Result<String> {
        let mut command = Command::new(&self.binary);
        command.arg("admin").args(args);
        command.args(["--output", "json", "--database", &self.database]);
        command.env("BENCH_PASSWORD", password).stdin(Stdio::null());
        let output = command.output().await.context("cannot start gatepass")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "gatepass {args:?}: {}",
            said.trim()
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// A PostgreSQL server on the servers' core that keeps what it acknowledges.
pub(crate) fn postgres() -> anyhow::Result<Postgres> {
    pinning::on_server_core(Postgres::start_durable)
}
