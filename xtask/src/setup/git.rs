//! git, with the program that serves repositories over HTTP.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{program, version};

/// Makes sure of git and its `http-backend`, after installing what is missing.
pub(crate) fn ready() -> Result<()> {
    if !serves() {
        println!("    missing, so installed now: git");
        apt::install(&["git"]).context("the tests of `gatepass helper git` need git")?;
    }
    let found = version(&mut program("git")).context("`git` does not run")?;
    println!("    {found}");
    Ok(())
}

fn serves() -> bool {
    let output = program("git").arg("--exec-path").output();
    let folder = output
        .ok()
        .and_then(|told| String::from_utf8(told.stdout).ok());
    folder.is_some_and(|folder| Path::new(folder.trim()).join("git-http-backend").is_file())
}
