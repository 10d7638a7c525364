//! Debian packages.

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
