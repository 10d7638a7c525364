//! The Python environment of the peers and of the servers in Python, in `.venv`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, run, version};
use crate::workspace;

/// Pinned to the last package.
const REQUIREMENTS: &[&str] = &[
    "testkit/peers/requirements.txt",
    "testkit/servers/python/requirements.txt",
    "testkit/servers/mcp-python/requirements.txt",
];

/// The environment's interpreter, after making the environment or bringing it up to date.
pub(crate) fn environment() -> Result<PathBuf> {
    let folder = workspace::root().join(".venv");
    let interpreter = folder.join("bin").join("python");
    let mut wanted = String::new();
    for file in REQUIREMENTS {
        wanted += &fs::read_to_string(workspace::root().join(file))
            .with_context(|| format!("{file} cannot be read"))?;
    }
    let stamp = folder.join("requirements.installed");
    let there = version(&mut program(&interpreter)).is_some();
    if !there || fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        create(&folder)?;
        run(program(&interpreter)
            .args(["-m", "pip", "install", "--quiet"])
            .args(REQUIREMENTS.iter().flat_map(|file| ["--requirement", file])))
        .context("pip could not install the packages")?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
    }
    let found = version(&mut program(&interpreter))
        .with_context(|| format!("`{}` does not run", interpreter.display()))?;
    println!("    {found} in .venv");
    Ok(interpreter)
}

fn create(folder: &Path) -> Result<()> {
    if on_path(&["python3"]).is_none() {
        apt::install(&["python3", "python3-venv"])
            .context("the peers need Python 3.10 or newer")?;
    }
    let attempt = || {
        run(program("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder))
    };
    // Debian keeps `ensurepip` in a package of its own.
    attempt().or_else(|_| {
        apt::install(&["python3-venv"]).context("python3 cannot make environments")?;
        attempt()
    })
}
