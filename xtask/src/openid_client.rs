//! `cargo xtask openid-client`: npm's openid-client against a real server.
//!
//! Arguments go to Node's test runner: `cargo xtask openid-client --test-name-pattern=DPoP`.

use anyhow::Result;

use crate::Task;
use crate::program::{program, run};
use crate::setup::{node, openssl};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "openid-client",
    about: "npm's openid-client against `gatepass serve`",
    run: everything,
};

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let node = step(
        "Node.js and its packages",
        "put in place what the message names, then `cargo xtask setup`",
        || {
            openssl::ready()?;
            node::ready()
        },
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "openid-client",
        "each failure is shown above; one alone: `cargo xtask openid-client --test-name-pattern=NAME`",
        || {
            run(program(node)
                .arg("testkit/peers/openid-client/run.mjs")
                .args(arguments)
                .env("GATEPASS_BIN", gatepass))
        },
    )
}
