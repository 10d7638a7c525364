//! Where things are in this workspace.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::program::{cargo, run};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// A path inside the workspace as seen from its root.
pub(crate) fn shortened(path: &str) -> String {
    let prefix = format!("{}/", root().display());
    path.strip_prefix(&prefix).unwrap_or(path).to_owned()
}

/// The folder that cargo builds into: the one this program was built into.
pub(crate) fn target() -> Result<PathBuf> {
    let profile = profile_folder()?;
    Ok(profile.parent().unwrap_or(&profile).to_owned())
}

/// Builds the `gatepass` program and says where it is.
///
/// The selection of packages, features and targets is that of the tests, so that no dependency is
/// compiled a second time with fewer features.
pub(crate) fn gatepass() -> Result<PathBuf> {
    run(cargo()
        .args(["build", "--workspace", "--all-features"])
        .args(["--bin", "gatepass", "--test", "browser"])
        .args(["--test", "interop"]))?;
    let binary = profile_folder()?.join(format!("gatepass{}", env::consts::EXE_SUFFIX));
    anyhow::ensure!(binary.is_file(), "cargo built no `{}`", binary.display());
    Ok(binary)
}

fn profile_folder() -> Result<PathBuf> {
    let this = env::current_exe().context("xtask does not know its own path")?;
    Ok(this.parent().context("xtask has no folder")?.to_owned())
}
