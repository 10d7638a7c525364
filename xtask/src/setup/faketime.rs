//! libfaketime, by which a test sets the clock of a server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::apt;

/// Finds it, after installing it if it is missing.
pub(crate) fn ready() -> Result<()> {
    if library().is_none() {
        println!("    missing, so installed now: libfaketime");
        apt::install(&["libfaketime"]).context("the fault tests need libfaketime")?;
    }
    let library = library().context("no libfaketime.so.1 in /usr/lib/*/faketime")?;
    println!("    {}", library.display());
    Ok(())
}

fn library() -> Option<PathBuf> {
    let folders = Path::new("/usr/lib").read_dir().ok()?.flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.is_file())
}
