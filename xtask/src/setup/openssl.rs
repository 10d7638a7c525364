//! OpenSSL's program, which makes the certificates of foreign clients.

use anyhow::{Context as _, Result};

use super::apt;
use crate::program::{on_path, program, run};

/// Finds it, after installing it if it is missing.
pub(crate) fn ready() -> Result<()> {
    if on_path(&["openssl"]).is_none() {
        println!("    missing, so installed now: openssl");
        apt::install(&["openssl"]).context("the certificates of clients need openssl")?;
    }
    run(program("openssl").arg("version")).context("`openssl` does not run")
}
