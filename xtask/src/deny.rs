//! `cargo xtask deny`: licences, banned crates, sources and known vulnerabilities.
//!
//! It judges by `deny.toml`. The vulnerabilities are read from RustSec's advisory database, which
//! cargo-deny fetches with git; `--no-advisories` leaves that one check out, for a machine that
//! cannot reach it. Nothing else leaves it out, so a machine without it fails by default.

use std::process::Command;

use anyhow::{Result, bail};

use crate::Task;
use crate::program::{cargo, program, run, version};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "deny",
    about: "cargo-deny: advisories, bans, licences, sources (--no-advisories leaves the first out)",
    run: |arguments| {
        let advisories = match arguments {
            [] => true,
            [one] if one == "--no-advisories" => false,
            _ => bail!("unexpected arguments: only `--no-advisories` is known"),
        };
        everything(advisories)
    },
};

/// The release that `deny.toml` was written for.
const VERSION: &str = "0.20.2";

fn everything(advisories: bool) -> Result<()> {
    let mut deny = step(
        "cargo-deny",
        "install it by hand: `cargo install --locked cargo-deny`",
        installed,
    )?;
    let checks: &[&str] = if advisories {
        &["advisories", "bans", "licenses", "sources"]
    } else {
        &["bans", "licenses", "sources"]
    };
    let advice = if advisories {
        "mend or justify it in deny.toml; if it was the advisory database that could not be \
         fetched, `cargo xtask deny --no-advisories` checks the rest"
    } else {
        "mend or justify it in deny.toml"
    };
    step("dependencies", advice, || {
        run(deny
            .args(["--workspace", "--all-features", "check"])
            .args(checks))
    })?;
    if !advisories {
        println!("\nKnown vulnerabilities were NOT checked (--no-advisories).");
    }
    Ok(())
}

/// cargo-deny in the wanted version: the person's own, or one under `target/tools`.
fn installed() -> Result<Command> {
    let tools = workspace::target()?.join("tools");
    let ours = tools.join("bin").join("cargo-deny");
    let candidates = ["cargo-deny".into(), ours.clone()];
    let wanted = format!("cargo-deny {VERSION}");
    let fits = |path: &&std::path::PathBuf| version(&mut program(path)).as_ref() == Some(&wanted);
    if let Some(path) = candidates.iter().find(fits) {
        println!("    {wanted}");
        return Ok(program(path));
    }
    println!("    {wanted} is not here: building it, once; this takes some minutes");
    run(cargo()
        .args(["install", "--locked", "cargo-deny", "--version", VERSION])
        .arg("--root")
        .arg(tools))?;
    Ok(program(ours))
}
