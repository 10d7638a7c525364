//! Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::program::{on_path, program, run};

/// Installs packages, or says why that cannot be done and what a person should do.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if on_path(&["apt-get"]).is_none() {
        bail!("this is no Debian: install the equivalents of `{names}` and try again");
    }
    let by_hand = || format!("run `apt-get update && apt-get install {names}` as root");
    let Some(prefix) = prefix() else {
        bail!(
            "installing needs root, or a sudo that asks nothing: {}",
            by_hand()
        );
    };
    run(apt(prefix).arg("update")).with_context(by_hand)?;
    run(apt(prefix)
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
    .with_context(by_hand)
}

/// Unpacks a package into a folder without installing it: none of its programs is started. That needs no root where apt
/// knows its packages already.
pub(super) fn unpack(package: &str, folder: &Path) -> Result<()> {
    if on_path(&["apt-get"]).is_none() {
        bail!("this is no Debian: install the equivalent of `{package}` and try again");
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let download = || run(apt(&[]).args(["download", package]).current_dir(folder));
    if download().is_err() {
        let by_hand = || "run `apt-get update` as root";
        let prefix = prefix().with_context(by_hand)?;
        run(apt(prefix).arg("update")).with_context(by_hand)?;
        download()?;
    }
    let archive = downloaded(folder)?;
    run(program("dpkg-deb")
        .arg("--extract")
        .args([&*archive, folder]))?;
    fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))
}

fn downloaded(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let found = paths.find(|path| path.extension().is_some_and(|own| own == "deb"));
    found.with_context(|| format!("apt-get has put no package into {}", folder.display()))
}

/// The words before `apt-get` that make it root's.
fn prefix() -> Option<&'static [&'static str]> {
    if said(program("id").arg("-u")).as_deref() == Some("0") {
        return Some(&[]);
    }
    said(program("sudo").args(["-n", "id", "-u"])).map(|_| ["sudo", "-n"].as_slice())
}

fn apt(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().copied().chain([
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "--quiet",
        "--option=Acquire::Retries=3",
    ]);
    let mut command = program(words.next().unwrap_or("env"));
    command.args(words);
    command
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
