use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::Relay;

/// How long a server may take to start or stop; it takes less than a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server until standard input ends, however this program does; then stops it at once and removes its folder.
/// A line on standard input stops it with the signal of that name and leaves the folder for the next start.
const KEEPER: &str = r#"
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
server=$!
if read -r signal; then
    kill -s "$signal" "$server"; wait "$server"
else
    kill -QUIT "$server"; wait "$server"; rm -rf "$folder"
fi
"#;

/// A throwaway PostgreSQL server on a Unix socket in a temporary folder. It is gone when it is dropped, and when this
/// program ends.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    /// The words before a program that make it another user's: PostgreSQL refuses to be root.
    user: Vec<String>,
    /// The port on 127.0.0.1, of a server with TLS; and in the socket's name, of any.
    port: u16,
    settings: Vec<String>,
    keeper: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

/// An empty database on such a server.
#[derive(Clone, Debug)]
pub struct PostgresDatabase {
    /// Its name on its server.
    pub name: String,
    /// Its address, for a client.
    pub url: String,
}

impl Postgres {
    /// Makes a server and starts it.
    ///
    /// # Panics
    ///
    /// PostgreSQL is not installed (`cargo xtask setup` does that), or does not start.
    pub fn start() -> Self {
        let server = Self::made();
        server.start_again();
        server
    }

    /// Makes a server that listens on 127.0.0.1 too, with TLS alone, and starts it. Both are PEM.
    ///
    /// # Panics
    ///
    /// As [`Self::start`] does.
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        let mut server = Self::made();
        server.port = free_port();
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = server.folder.join("data").join(name);
            let mut file = OpenOptions::new();
            let file = file.write(true).create_new(true).mode(0o600).open(&path);
            let written = file.and_then(|mut file| file.write_all(pem.as_bytes()));
            written.expect("the folder can be written to");
            let owner = std::fs::metadata(&server.folder).expect("there");
            std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid()))
                .expect("it can be given to the server");
        }
        let rules = server.folder.join("data/pg_hba.conf");
        std::fs::write(
            rules,
            "local all all trust\nhostssl all all 127.0.0.1/32 trust\n",
        )
        .expect("the folder can be written to");
        server.settings = vec!["listen_addresses=127.0.0.1".into(), "ssl=on".into()];
        server.start_again();
        server
    }

    /// Makes a server that keeps what it acknowledges even when the machine fails, as those of operators do, and starts it.
    ///
    /// # Panics
    ///
    /// As [`Self::start`] does.
    pub fn start_durable() -> Self {
        let mut server = Self::made();
        let kept = ["fsync=on", "full_page_writes=on", "shared_buffers=128MB"];
        server.settings.extend(kept.map(str::to_owned));
        server.start_again();
        server
    }

    fn made() -> Self {
        let programs = programs().expect(
            "PostgreSQL's initdb is neither in /usr/lib/postgresql/*/bin nor on PATH: run `cargo xtask setup`",
        );
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let server = Self {
            user: user(&folder),
            programs,
            folder,
            port: 5432,
            settings: vec!["listen_addresses=".into()],
            keeper: Mutex::new(None),
            databases: AtomicUsize::new(0),
        };
        server.make();
        server
    }

    /// The server that all tests of a program share, each with a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A new, empty database.
    pub fn database(&self) -> PostgresDatabase {
        let n = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{n}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let url = self.url("postgres", &name);
        PostgresDatabase { name, url }
    }

    /// The address of a database for a user, who needs no password.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!(
            "postgres://{user}@localhost:{}/{database}?host={}",
            self.port,
            self.folder.display()
        )
    }

    /// The address of a database by TCP, under this name of the machine.
    pub fn tcp_url(&self, host: &str, database: &str) -> String {
        format!("postgres://postgres@{host}:{}/{database}", self.port)
    }

    /// A way to the server's socket that can be cut.
    pub async fn relay(&self) -> Relay {
        let name = format!(".s.PGSQL.{}", self.port);
        Relay::to(self.folder.join(name)).await
    }

    /// Runs statements in a database with `psql`, as its superuser; what it printed, without ornament.
    ///
    /// # Panics
    ///
    /// A statement fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self
            .client("psql")
            .args(["-XqtA", "-v", "ON_ERROR_STOP=1"])
            .args(["-d", database, "-c", statements])
            .stdin(Stdio::null())
            .output()
            .expect("psql runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {complaint}");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        printed.trim_end().to_owned()
    }

    /// Stops the server in order: it ends all connections and keeps its data.
    pub fn stop(&self) {
        self.end(b"INT\n");
    }

    /// Stops the server at once, as if it had crashed: the next start recovers what was committed.
    pub fn crash(&self) {
        self.end(b"QUIT\n");
    }

    fn end(&self, signal: &[u8]) {
        let keeper = self.keeper().take();
        let mut keeper = keeper.expect("a server that runs");
        let mut stdin = keeper.stdin.take().expect("a pipe");
        stdin.write_all(signal).expect("the keeper listens");
        keeper.wait().expect("the keeper ends");
    }

    /// Starts a server that was stopped.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub fn start_again(&self) {
        let mut command = self.command("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.folder);
        command.arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.join("data"));
        command.arg("-k").arg(&self.folder);
        command.args(["-p", &self.port.to_string()]);
        let quick = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];
        for setting in quick.into_iter().chain(self.settings.iter().map(|x| &**x)) {
            command.args(["-c", setting]);
        }
        let keeper = command.stdin(Stdio::piped()).spawn();
        *self.keeper() = Some(keeper.expect("sh runs"));
        let began = Instant::now();
        while !self.is_ready() {
            assert!(began.elapsed() < PATIENCE, "PostgreSQL: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn make(&self) {
        let output = self
            .command(self.programs.join("initdb"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .stdin(Stdio::null())
            .output()
            .expect("initdb runs");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "initdb: {complaint}");
    }

    fn is_ready(&self) -> bool {
        let asked = self.client("pg_isready").arg("-q").status();
        asked.expect("pg_isready runs").success()
    }

    /// One of PostgreSQL's own clients, as the superuser.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["-U", "postgres", "-p", &self.port.to_string(), "-h"]);
        command.arg(&self.folder);
        command
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A program of the server's user, in the server's folder.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self.user.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program.as_ref());
                command
            }
        };
        command.current_dir(&self.folder);
        command
    }

    fn keeper(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper().take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The folder of PostgreSQL's programs, the newest where there are several.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok();
    let versions = debian.into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = folders.into_iter().rev().map(|(_, folder)| folder);
    newest
        .chain(std::env::split_paths(&path))
        .find(|folder| File::open(folder.join("initdb")).is_ok())
}

/// Gives root's folder to the user `postgres`, which Debian's package makes; how to become that user.
fn user(folder: &Path) -> Vec<String> {
    if std::fs::metadata(folder).expect("there").uid() != 0 {
        return Vec::new();
    }
    let id = |option: &str| -> u32 {
        let output = Command::new("id").args([option, "postgres"]).output();
        let text = String::from_utf8(output.expect("id runs").stdout).expect("UTF-8");
        text.trim()
            .parse()
            .expect("root needs a user `postgres` to run PostgreSQL as: run `cargo xtask setup`")
    };
    let (user, group) = (id("-u"), id("-g"));
    std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("root can give it away");
    let words = [
        "setpriv".to_owned(),
        format!("--reuid={user}"),
        format!("--regid={group}"),
        "--clear-groups".to_owned(),
    ];
    words.to_vec()
}
