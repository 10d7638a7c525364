//! `gatepass token`, with a token in the file store that is sealed by a key in a file.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::printer::Printer;
use crate::program::Program;
use crate::target::Target;

const PROFILE: &str = "bench";

/// A profile at `server`, in folders of its own, that has a token.
pub(super) fn printer(
    gatepass: &Program,
    server: &Target,
    scratch: &Path,
) -> anyhow::Result<Printer> {
    let secret = scratch.join("client.secret");
    std::fs::write(&secret, &server.known.client_secret)?;
    let env = surroundings(scratch);
    let issuer = format!("http://{}", server.address);
    let output = Command::new(gatepass.binary())
        .args(["profile", "add", PROFILE, "--grant", "client_credentials"])
        .args(["--api", &issuer, "--issuer", &issuer])
        .args(["--client-id", &server.known.client_id])
        .arg("--client-secret-file")
        .arg(&secret)
        .envs(env.iter().cloned())
        .output()
        .context("cannot start gatepass")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "no profile: {}", said.trim());
    let printer = Printer::new("gatepass token", gatepass.binary(), ["token", PROFILE], env)?;
    let key = scratch.join("state/gatepass/data.key");
    ensure!(key.is_file(), "the token's key is not in {}", key.display());
    Ok(printer)
}

/// Folders of its own, and no desktop: the key that seals the token would go to the keyring there.
fn surroundings(scratch: &Path) -> Vec<(&'static str, OsString)> {
    vec![
        ("XDG_CONFIG_HOME", scratch.join("config").into()),
        ("XDG_STATE_HOME", scratch.join("state").into()),
        ("XDG_CACHE_HOME", scratch.join("cache").into()),
        ("XDG_RUNTIME_DIR", scratch.join("none").into()),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null".into()),
    ]
}
