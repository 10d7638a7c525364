//! oidc-agent, which keeps tokens for other programs.

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, version};

/// Makes sure of `oidc-agent` and what belongs to it, after installing what is missing.
pub(crate) fn ready() -> Result<()> {
    let programs = ["oidc-agent", "oidc-gen", "oidc-token"];
    if programs.iter().any(|name| on_path(&[name]).is_none()) {
        println!("    missing, so installed now: oidc-agent-cli");
        apt::install(&["oidc-agent-cli"])
            .context("the peers and the benchmark of cached tokens need oidc-agent")?;
    }
    let found = version(&mut program("oidc-agent")).context("`oidc-agent` does not run")?;
    println!("    {found}");
    Ok(())
}
