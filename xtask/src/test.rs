//! `cargo xtask test`: the gate. `.ci/run` calls it and nothing else.

use anyhow::Result;

use crate::program::{cargo, run};
use crate::step::{no_arguments, step};
use crate::{Task, browser, interop, lint, mcp, openid_client, peers, setup};

pub(crate) const TASK: Task = Task {
    name: "test",
    about: "the gate: tools, lints, Rust tests, foreign clients, foreign servers, real browser",
    run: |arguments| {
        no_arguments(arguments)?;
        setup::everything()?;
        lint::everything()?;
        rust()?;
        peers::everything(&[])?;
        openid_client::everything(&[])?;
        mcp::everything(&[])?;
        interop::everything(&[])?;
        browser::everything(&[])?;
        println!("\nEverything passed.");
        Ok(())
    },
};

fn rust() -> Result<()> {
    step(
        "Rust tests",
        "the failing tests are named above; run one alone with `cargo test -p PACKAGE NAME`",
        || run(cargo().args(["test", "--workspace", "--all-features"])),
    )
}
