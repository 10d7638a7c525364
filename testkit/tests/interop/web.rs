//! Web servers that ask for passwords.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::agent::PASSWORD;
use crate::program::{Program, servers, text};
use crate::server::python;

/// Who may come in.
pub(crate) const USER: &str = "somebody";
/// What every page says.
pub(crate) const PAGE: &str = "let in\n";

/// How often nginx may find its port taken.
const TRIES: usize = 5;
/// How often it is looked for, and how long between.
const LOOKS: usize = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// A running web server.
pub(crate) struct Web {
    /// Its origin.
    pub(crate) origin: String,
    _program: Program,
    _folder: Option<TempDir>,
}

impl Web {
    /// httpbin.
    pub(crate) async fn httpbin() -> Result<Self> {
        let (program, said) = Program::announced(&mut python("httpbin_server.py")?).await?;
        Ok(Self {
            origin: text(&said, "issuer")?,
            _program: program,
            _folder: None,
        })
    }

    /// lighttpd, which lets USER in by Digest.
    pub(crate) fn lighttpd() -> Result<Self> {
        let folder = pages(&["md5", "sha-256", "both"])?;
        fs::write(
            folder.path().join("passwords"),
            format!("{USER}:{PASSWORD}\n"),
        )?;
        let place = folder.path().display().to_string();
        let config = written("lighttpd.conf", folder.path(), "@FOLDER@", &place)?;
        // It takes a listening socket for its standard input.
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let origin = format!("http://{}", listener.local_addr()?);
        let socket = Stdio::from(std::os::fd::OwnedFd::from(listener));
        Ok(Self {
            origin,
            _program: Program::foreign("LIGHTTPD_BIN", &["-D", "-f", &config], socket)?,
            _folder: Some(folder),
        })
    }

    /// nginx, which lets USER in by Basic.
    pub(crate) async fn nginx() -> Result<Self> {
        for _ in 0..TRIES {
            let folder = pages(&["basic"])?;
            fs::write(
                folder.path().join("passwords"),
                format!("{USER}:{{PLAIN}}{PASSWORD}\n"),
            )?;
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            let address = listener.local_addr()?.to_string();
            let config = written("nginx.conf", folder.path(), "@ADDRESS@", &address)?;
            drop(listener);
            let place = folder.path().display().to_string();
            let words = ["-p", &place, "-c", &config, "-e", "stderr"];
            let mut program = Program::foreign("NGINX_BIN", &words, Stdio::null())?;
            if listens(&mut program, folder.path()).await? {
                return Ok(Self {
                    origin: format!("http://{address}"),
                    _program: program,
                    _folder: Some(folder),
                });
            }
        }
        anyhow::bail!("nginx did not start; what it said is above")
    }
}

/// nginx writes its file when it has its port.
pub(crate) async fn listens(program: &mut Program, folder: &Path) -> Result<bool> {
    for _ in 0..LOOKS {
        if fs::read(folder.join("nginx.pid")).is_ok_and(|id| !id.is_empty()) {
            return program.lives();
        }
        if !program.lives()? {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

/// A folder with a page for each name, which the server's own user can read.
fn pages(names: &[&str]) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for name in names {
        let place = folder.path().join("files").join(name);
        fs::create_dir_all(&place)?;
        fs::write(place.join("page"), PAGE)?;
    }
    Ok(folder)
}

/// The server's configuration in a folder, with its one blank filled in.
fn written(name: &str, folder: &Path, blank: &str, value: &str) -> Result<String> {
    let text = fs::read_to_string(servers("web").join(name))?;
    ensure!(text.contains(blank), "{name} has no {blank}");
    let path = folder.join(name);
    fs::write(&path, text.replace(blank, value))?;
    Ok(path.display().to_string())
}
