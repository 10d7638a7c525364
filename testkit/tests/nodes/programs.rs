//! The programs that the test runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// The program of this folder, which ends with its handle; the kernel ends it if this test ends without doing so. It has
/// nothing of this machine's own settings.
pub(crate) fn leashed(program: &Path, home: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(program)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// When the test fails, shows the end of a program's log.
pub(crate) fn show_on_panic(name: &str, log: &Path) {
    if std::thread::panicking() {
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let from = log.lines().count().saturating_sub(20);
        for line in log.lines().skip(from) {
            println!("{name}: {line}");
        }
    }
}

/// `GATEPASS_BIN`, or the program that cargo built beside this test.
pub(crate) fn gatepass() -> PathBuf {
    if let Some(path) = std::env::var_os("GATEPASS_BIN") {
        return path.into();
    }
    let this = std::env::current_exe().expect("this program");
    let folder = this.ancestors().nth(2).expect("cargo's folder");
    let path = folder.join("gatepass");
    let place = path.display();
    assert!(
        path.is_file(),
        "{place} is not there: run `cargo build` before this test"
    );
    path
}

/// `NGINX_BIN`, or wherever it is; Debian puts it where only root's `PATH` leads.
pub(crate) fn nginx() -> PathBuf {
    if let Some(path) = std::env::var_os("NGINX_BIN") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let mut places = folders.map(|folder| folder.join("nginx"));
    let found = places.find(|place| place.is_file());
    found.expect("nginx is neither on PATH nor in /usr/sbin: run `cargo xtask setup`")
}
