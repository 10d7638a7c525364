//! Node.js, and the packages of the programs that run on it, each in its own `node_modules`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use super::apt;
use crate::program::{on_path, program, run, version};
use crate::workspace;

/// The folders of the programs; their lock files pin every package, to the last one.
const FOLDERS: &[&str] = &[
    "testkit/servers/mcp-node",
    "testkit/servers/oidc-provider",
    "testkit/peers/mcp-sdks",
    "testkit/peers/openid-client",
];
/// The oldest release that they run on.
const OLDEST: u32 = 20;

/// Node's program, after installing it and the packages if need be.
pub(crate) fn ready() -> Result<PathBuf> {
    if on_path(&["node"]).is_none() || on_path(&["npm"]).is_none() {
        println!("    missing, so installed now: nodejs npm");
        apt::install(&["nodejs", "npm"])
            .context("oidc-provider, openid-client and the MCP SDK need Node.js")?;
    }
    let node = on_path(&["node"]).context("no node on PATH")?;
    let found = version(&mut program(&node)).context("`node` does not run")?;
    let major = found.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|text| text.parse().ok()).unwrap_or(0);
    ensure!(
        major >= OLDEST,
        "Node.js {OLDEST} or newer is needed on PATH, this is {found}"
    );
    for folder in FOLDERS {
        packages(folder)?;
    }
    println!("    Node.js {found}");
    Ok(node)
}

fn packages(folder: &str) -> Result<()> {
    let path = workspace::root().join(folder);
    let wanted = fs::read_to_string(path.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json cannot be read"))?;
    let stamp = path.join("node_modules/.lock.installed");
    if fs::read_to_string(&stamp).ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    run(program("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--prefix", folder]))
    .with_context(|| format!("npm could not install the packages of {folder}"))?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}
