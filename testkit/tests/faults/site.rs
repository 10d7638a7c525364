//! A folder with everything that a server keeps, and the address it has: the same after each restart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::{Client, Record};
use gatepass_proto::{ClientId, Secret};
use gatepass_server::Admin;
use gatepass_testkit::Postgres;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::database::Database;
use crate::net::PATIENCE;
use crate::server::Server;

/// The one client, the one person, and where that client's browsers come back to.
pub(crate) const CLIENT: (&str, &str) = ("cl_faults", "gp_cs_of-the-fault-tests");
pub(crate) const PERSON: (&str, &str) = ("person", "correct horse battery staple");
pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// The files of a site by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The place of a server.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) database: Database,
    variables: BTreeMap<&'static str, String>,
    /// The words before the program.
    starter: Vec<String>,
}

impl Site {
    /// One with its database in a file.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("gatepass.db");
        Self::of(folder, Database::Sqlite(file))
    }

    /// One with its database in the PostgreSQL that all tests share.
    pub(crate) async fn postgres() -> Self {
        let made = tokio::task::spawn_blocking(|| Postgres::shared().database()).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self::of(folder, Database::Postgres(made.expect("a database")))
    }

    fn of(folder: TempDir, database: Database) -> Self {
        Self {
            address: address(),
            folder,
            database,
            variables: BTreeMap::new(),
            starter: Vec::new(),
        }
    }

    /// The same, whose server has this in its environment.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// The same, whose server is started by another program.
    pub(crate) fn started_by(mut self, starter: &[&str]) -> Self {
        self.starter = starter.iter().map(ToString::to_string).collect();
        self
    }

    /// Puts the client and the person into the database.
    pub(crate) async fn furnish(&self) {
        let address = self.database.address();
        let admin = Admin::open(&address).await.expect("the database opens");
        let (name, password) = PERSON;
        let made = admin.add_user(name, &Secret::new(password)).await;
        made.expect("a person");
        let store = gatepass_store::open(&address).await;
        let store = store.expect("the database opens");
        let insert = Change::Insert(Record::Client(client()));
        store.commit(vec![insert]).await.expect("a client");
        store.close().await;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of the master key.
    pub(crate) fn key(&self) -> PathBuf {
        self.path("gatepass.db.key")
    }

    /// What the server has said of itself so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Starts the server, and waits until it listens.
    pub(crate) async fn start(&self) -> Server {
        Server::of(&mut self.command(), self).await
    }

    /// Starts the server, which has to refuse; what it says.
    pub(crate) async fn refused(&self) -> String {
        let spawned = self.command().stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("`gatepass` is built");
        let mut announced = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let reading = timeout(PATIENCE, stdout.read_line(&mut announced)).await;
        reading.expect("it ends in time").expect("text");
        assert_eq!(announced, "", "it has started");
        let ended = timeout(PATIENCE, child.wait_with_output()).await;
        let ended = ended.expect("it ends in time").expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// `gatepass serve`, with nothing of this machine's own settings.
    pub(crate) fn command(&self) -> Command {
        let program = gatepass().display().to_string();
        let line: Vec<&str> = self.starter.iter().map(String::as_str).collect();
        let mut line = line.into_iter().chain([program.as_str()]);
        let mut command = Command::new(line.next().expect("a program"));
        let mut log = fs::File::options();
        let log = log.create(true).append(true).open(self.path("log"));
        let issuer = format!("http://{}", self.address);
        command
            .args(line)
            .args(["serve", "--output", "json", "--registration", "open"])
            .args(["--listen", &self.address.to_string(), "--issuer", &issuer])
            .args(["--database", &self.database.address()])
            .arg("--master-key-file")
            .arg(self.key())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("GATEPASS_LOG", "warn")
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .kill_on_drop(true);
        command
    }

    /// Every file of this folder and what is in it, but for ours: the server's words, and what SQLite makes beside a database
    /// that it only reads, an index and an empty log.
    pub(crate) fn contents(&self) -> Files {
        contents(self.folder.path())
    }
}

/// The names of the files that are not the same.
pub(crate) fn changed(before: &Files, after: &Files) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    changed.cloned().collect()
}

/// The files of a folder.
fn contents(folder: &Path) -> Files {
    let files = fs::read_dir(folder).expect("a folder");
    let files = files.map(|file| file.expect("an entry"));
    let named = files.map(|file| (file.file_name().to_string_lossy().into_owned(), file.path()));
    named
        .filter(|(name, path)| path.is_file() && name != "log" && !name.ends_with("-shm"))
        .map(|(name, path)| (name, fs::read(path).expect("readable")))
        .filter(|(name, bytes)| !(name.ends_with("-wal") && bytes.is_empty()))
        .collect()
}

/// An address of this machine that no other site has, and from which nobody asks: its port is still free after a restart.
fn address() -> SocketAddr {
    static SITES: AtomicU8 = AtomicU8::new(1);
    let own = Ipv4Addr::new(127, 1, 0, SITES.fetch_add(1, Ordering::Relaxed));
    let port = TcpListener::bind((own, 0)).and_then(|own| own.local_addr());
    port.expect("a port")
}

/// A client whose refresh tokens have a grace that outlives any round, so that the speed of this machine decides nothing.
fn client() -> Client {
    let (client_id, secret) = CLIENT;
    let scope = || "read".parse().expect("a scope");
    Client {
        client_id: ClientId::new(client_id),
        client_name: "Fault tests".to_owned(),
        client_secrets: vec![Secret::new(secret).digest()],
        auth_methods: vec!["client_secret_basic".to_owned()],
        redirect_uris: vec![CALLBACK.to_owned()],
        grant_types: ["authorization_code", "refresh_token"]
            .map(str::to_owned)
            .to_vec(),
        scope: scope(),
        default_scope: scope(),
        resources: Vec::new(),
        require_pkce: false,
        json_body: false,
        access_token_ttl: Some(3600),
        refresh_grace: Some(3600),
        client_id_issued_at: SystemClock.now(),
        details: Arc::new(ClientDetails::default()),
    }
}

/// `GATEPASS_BIN`, or the program that cargo built beside this test.
fn gatepass() -> PathBuf {
    if let Some(path) = std::env::var_os("GATEPASS_BIN") {
        return path.into();
    }
    let this = std::env::current_exe().expect("this program");
    let folder = this.ancestors().nth(2).expect("cargo's folder");
    let path = folder.join("gatepass");
    let built = path.is_file();
    assert!(built, "run `cargo build` before this test: {path:?}");
    path
}
