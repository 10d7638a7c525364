//! Caddy, which asks our guard.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, run};
use crate::workspace;

/// Finds the program. Where there is none its package is unpacked and not installed, for that would start a web server on
/// port 80.
pub(crate) fn ready() -> Result<PathBuf> {
    let folder = workspace::target()?.join("caddy");
    let unpacked = folder.join("usr/bin/caddy");
    let there = || Some(unpacked.clone()).filter(|path| path.is_file());
    let found = match on_path(&["caddy"]).or_else(there) {
        Some(found) => found,
        None => {
            println!("    missing, so unpacked now: caddy");
            apt::unpack("caddy", &folder).context("the tests of forward-auth need Caddy")?;
            there().context("the package caddy has no usr/bin/caddy")?
        }
    };
    run(program(&found).arg("version"))?;
    Ok(found)
}
