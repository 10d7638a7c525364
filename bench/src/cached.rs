//! `gatepass token` with a token that is there already: from the start of the process to its end.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::process::Command;
use tokio::time::timeout;

use crate::pinning;
use crate::rounds::median;
use crate::target::{Program, Target};

/// How often each program is run.
const RUNS: usize = 51;
/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The environment variable that holds the client's secret.
const SECRET: &str = "GATEPASS_BENCH_CLIENT_SECRET";

/// Milliseconds of one run, the medians of several.
#[derive(Serialize)]
pub(crate) struct Cached {
    pub(crate) token_ms: f64,
    /// A program that does nothing at all.
    pub(crate) nothing_ms: f64,
}

/// Logs a profile in at `server`, in folders of its own, and prints its token again and again.
pub(crate) async fn measure(
    gatepass: &Program,
    server: &Target,
    scratch: &Path,
) -> anyhow::Result<Cached> {
    let command = |args: &[&str]| {
        let mut command = Command::new(gatepass.binary());
        command.args(args).env(SECRET, &server.ready.client_secret);
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(name, scratch.join(folder));
        }
        command
    };
    let issuer = format!("http://{}", server.address);
    let client_id = &server.ready.client_id;
    let mut add = command(&["profile", "add", "bench", "--grant", "client_credentials"]);
    add.args([
        "--issuer",
        &issuer,
        "--client-id",
        client_id,
        "--client-secret-env",
        SECRET,
    ]);
    run(add).await?;
    let (token, _) = run(command(&["token", "bench"])).await?;

    let (mut token_ms, mut nothing_ms) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (again, took) = run(command(&["token", "bench"])).await?;
        ensure!(again == token, "the token was not a cached one");
        token_ms.push(took);
        nothing_ms.push(run(Command::new("true")).await?.1);
    }
    Ok(Cached {
        token_ms: median(token_ms),
        nothing_ms: median(nothing_ms),
    })
}

/// What a program printed, and how many milliseconds it took.
async fn run(mut command: Command) -> anyhow::Result<(Vec<u8>, f64)> {
    let started = Instant::now();
    let output = pinning::on_server_core(|| command.kill_on_drop(true).output())?;
    let output = timeout(PATIENCE, output)
        .await
        .context("a command took too long")??;
    let took = started.elapsed().as_secs_f64() * 1000.0;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a command failed: {}", said.trim());
    Ok((output.stdout, took))
}
