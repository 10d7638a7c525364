//! `cargo xtask setup`: everything the gate needs beside Rust itself.
//!
//! On Debian and its relatives it installs what is missing, given root or a `sudo` that asks
//! nothing. Elsewhere it says what is missing and stops. A missing tool is an error, never a
//! reason to leave a test out.

pub(crate) mod apache;
mod apt;
pub(crate) mod caddy;
pub(crate) mod chromium;
pub(crate) mod faketime;
mod git;
pub(crate) mod node;
pub(crate) mod oidc_agent;
pub(crate) mod openssl;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod web_servers;

use anyhow::{Context as _, Result};

use crate::Task;
use crate::program::{cargo, version};
use crate::step::{no_arguments, step};

pub(crate) const TASK: Task = Task {
    name: "setup",
    about: "installs Chromium, its driver, git, PostgreSQL, libfaketime, nginx, lighttpd, Caddy, Apache, oidc-agent, OpenSSL and the packages of Node.js and Python; says what is missing",
    run: |arguments| {
        no_arguments(arguments)?;
        everything()
    },
};

pub(crate) fn everything() -> Result<()> {
    step(
        "tools",
        "put in place what the message names, then `cargo xtask setup`",
        || {
            rust_component("fmt", "rustfmt")?;
            rust_component("clippy", "clippy")?;
            chromium::ready()?;
            git::ready()?;
            node::ready()?;
            python::environment()?;
            postgres::ready()?;
            faketime::ready()?;
            web_servers::ready()?;
            caddy::ready()?;
            apache::ready()?;
            oidc_agent::ready()?;
            openssl::ready()?;
            Ok(())
        },
    )
}

fn rust_component(subcommand: &str, component: &str) -> Result<()> {
    let found = version(cargo().arg(subcommand))
        .with_context(|| format!("{component} is missing: `rustup component add {component}`"))?;
    println!("    {found}");
    Ok(())
}
