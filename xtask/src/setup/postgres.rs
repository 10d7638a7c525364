//! PostgreSQL, of which tests start servers of their own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, version};

/// Finds PostgreSQL's server, after installing it if it is missing.
pub(crate) fn ready() -> Result<()> {
    if initdb().is_none() {
        println!("    missing, so installed now: postgresql");
        apt::install(&["postgresql"]).context("the tests of shared tokens need PostgreSQL")?;
    }
    let initdb = initdb().context("no initdb in /usr/lib/postgresql/*/bin nor on PATH")?;
    let found = version(&mut program(&initdb))
        .with_context(|| format!("`{}` does not run", initdb.display()))?;
    println!("    {found}");
    Ok(())
}

/// Debian keeps the server's programs off `PATH`, in a folder for each version.
fn initdb() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok();
    let mut found: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/initdb")))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop().or_else(|| on_path(&["initdb"]))
}
