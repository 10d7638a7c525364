//! `cargo xtask bench`: the measurements, beside programs that nobody here wrote.
//!
//! Arguments go to the benchmark: `cargo xtask bench --only client`. It takes minutes and a quiet machine, so it is no part of
//! the gate.

use std::env;

use anyhow::Result;

use crate::Task;
use crate::program::{cargo, program, run};
use crate::setup::{node, oidc_agent, postgres, python, web_servers};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "bench",
    about: "gatepass beside a bare program, oidc-provider, bare reqwest, requests-oauthlib, oidc-agent and nginx",
    run: everything,
};

/// What is shipped is what is measured.
const PROFILE: &str = "dist";

fn everything(arguments: &[String]) -> Result<()> {
    let (python, node, nginx) = step("peers", "put in place what the message names", || {
        oidc_agent::ready()?;
        postgres::ready()?;
        let servers = web_servers::ready()?;
        Ok((python::environment()?, node::ready()?, servers.nginx))
    })?;
    step("the programs", "mend the build", || {
        run(cargo().args(["build", "--profile", PROFILE]).args([
            "--package",
            "gatepass-cli",
            "--package",
            "gatepass-bench",
        ]))
    })?;
    let bench = workspace::target()?.join(PROFILE);
    let bench = bench.join(format!("gatepass-bench{}", env::consts::EXE_SUFFIX));
    step(
        "measurement",
        "see bench/README.md for what it needs",
        || {
            run(program(bench)
                .args(arguments)
                .env("PYTHON", python)
                .env("NODE_BIN", node)
                .env("NGINX", nginx))
        },
    )
}
