//! nginx and lighttpd, which ask for passwords.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, run};

pub(crate) struct WebServers {
    pub(crate) nginx: PathBuf,
    pub(crate) lighttpd: PathBuf,
}

/// Finds both programs, after installing what is missing.
pub(crate) fn ready() -> Result<WebServers> {
    let wanted = [
        (find("nginx"), "nginx-light"),
        (find("lighttpd"), "lighttpd"),
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(found, _)| found.is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        println!("    missing, so installed now: {}", missing.join(" "));
        apt::install(&missing).context("the tests of Basic and Digest need web servers")?;
    }
    let servers = WebServers {
        nginx: find("nginx").context("no nginx on PATH nor in /usr/sbin")?,
        lighttpd: find("lighttpd").context("no lighttpd on PATH nor in /usr/sbin")?,
    };
    for path in [&servers.nginx, &servers.lighttpd] {
        run(program(path).arg("-v"))?;
    }
    Ok(servers)
}

/// Debian puts servers where only root's `PATH` leads.
fn find(name: &str) -> Option<PathBuf> {
    let usual = Path::new("/usr/sbin").join(name);
    on_path(&[name]).or_else(|| Some(usual).filter(|path| path.is_file()))
}
