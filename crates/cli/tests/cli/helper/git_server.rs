//! A git server: git's own CGI program behind HTTP and a guard.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A running server.
pub(super) struct GitServer {
    pub(super) origin: String,
    /// The folder of the repositories.
    pub(super) root: TempDir,
    guard: Arc<Mutex<Guard>>,
}

/// Who is let in, and who came.
#[derive(Default)]
struct Guard {
    challenge: &'static str,
    /// The one `Authorization` that is good.
    good: String,
    seen: Vec<String>,
}

impl GitServer {
    /// Serves the repositories in its folder to those who bring what [`GitServer::accept`] says; others get this
    /// challenge.
    pub(super) fn start(challenge: &'static str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let guard = Arc::new(Mutex::new(Guard {
            challenge,
            ..Guard::default()
        }));
        let (folder, own) = (root.path().to_owned(), guard.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, guard) = (folder.clone(), own.clone());
                std::thread::spawn(move || serve(stream, &folder, &guard));
            }
        });
        Self {
            origin,
            root,
            guard,
        }
    }

    /// From now on this header's value alone is good.
    pub(super) fn accept(&self, authorization: &str) {
        self.guard.lock().expect("whole").good = authorization.to_owned();
    }

    /// The values of `Authorization` that came since the last time, once each.
    pub(super) fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut self.guard.lock().expect("whole").seen);
        seen.dedup();
        seen
    }
}

struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut asked = Self {
            method,
            path,
            query,
            headers,
            body: Vec::new(),
        };
        let length = asked.header("content-length").parse().unwrap_or(0);
        asked.body.resize(length, 0);
        reader.read_exact(&mut asked.body).ok()?;
        Some(asked)
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// One request a connection. Pushes that are large enough to be sent in chunks do not happen here.
fn serve(mut stream: TcpStream, root: &Path, guard: &Mutex<Guard>) -> Option<()> {
    let asked = Asked::read(&stream)?;
    let refusal = {
        let mut guard = guard.lock().expect("whole");
        let authorization = asked.header("authorization");
        if !authorization.is_empty() {
            guard.seen.push(authorization.to_owned());
        }
        (authorization != guard.good).then_some(guard.challenge)
    };
    let answer = match refusal {
        Some(challenge) => format!(
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes(),
        None => cgi(&asked, root),
    };
    stream.write_all(&answer).ok()
}

/// Runs `git http-backend` (RFC 3875).
fn cgi(asked: &Asked, root: &Path) -> Vec<u8> {
    let mut child = Command::new(backend())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REMOTE_USER", "somebody")
        .env("REQUEST_METHOD", &asked.method)
        .env("PATH_INFO", &asked.path)
        .env("QUERY_STRING", &asked.query)
        .env("CONTENT_TYPE", asked.header("content-type"))
        .env("CONTENT_LENGTH", asked.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", asked.header("content-encoding"))
        .env("HTTP_GIT_PROTOCOL", asked.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git http-backend, which comes with git");
    let mut stdin = child.stdin.take().expect("a pipe");
    let body = asked.body.clone();
    let writing = std::thread::spawn(move || stdin.write_all(&body));
    let said = child.wait_with_output().expect("ended").stdout;
    let _ = writing.join();
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = said.split_at(end.expect("a head") + 4);
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let mut answer = format!(
        "HTTP/1.1 {}\r\nConnection: close\r\n",
        status.unwrap_or("200 OK")
    );
    let rest = head.lines().filter(|line| !line.starts_with("Status: "));
    answer.extend(rest.flat_map(|line| [line, "\r\n"]));
    [answer.as_bytes(), body].concat()
}

fn backend() -> PathBuf {
    let told = Command::new("git").arg("--exec-path").output();
    let told = told.expect("git; `cargo xtask setup` installs it");
    let folder = String::from_utf8(told.stdout).expect("text");
    Path::new(folder.trim()).join("git-http-backend")
}
