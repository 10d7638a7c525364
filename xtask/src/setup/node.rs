//! Node.js, and the packages of the servers that run on it, in their own `node_modules`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use super::apt;
use crate::program::{on_path, program, run, version};
use crate::workspace;

/// The folder of the server; its lock file pins every package, to the last one.
const FOLDER: &str = "testkit/servers/oidc-provider";
/// The oldest release that oidc-provider runs on.
const OLDEST: u32 = 20;

/// Node's program, after installing it and the packages if need be.
pub(crate) fn ready() -> Result<PathBuf> {
    if on_path(&["node"]).is_none() || on_path(&["npm"]).is_none() {
        println!("    missing, so installed now: nodejs npm");
        apt::install(&["nodejs", "npm"]).context("oidc-provider needs Node.js")?;
    }
    let node = on_path(&["node"]).context("no node on PATH")?;
    let found = version(&mut program(&node)).context("`node` does not run")?;
    let major = found.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|text| text.parse().ok()).unwrap_or(0);
    ensure!(
        major >= OLDEST,
        "Node.js {OLDEST} or newer is needed on PATH, this is {found}"
    );
    packages()?;
    println!("    Node.js {found}");
    Ok(node)
}

fn packages() -> Result<()> {
    let folder = workspace::root().join(FOLDER);
    let wanted = fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| format!("{FOLDER}/package-lock.json cannot be read"))?;
    let stamp = folder.join("node_modules/.lock.installed");
    if fs::read_to_string(&stamp).ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    run(program("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--prefix", FOLDER]))
    .context("npm could not install the server's packages")?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}
