//! `cargo xtask peers`: Python's own clients against a real server.
//!
//! Arguments go to pytest: `cargo xtask peers -k oob`.

use anyhow::Result;

use crate::Task;
use crate::program::{program, run};
use crate::setup::python;
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "peers",
    about: "requests, requests-oauthlib, oauthlib and http.client against `gatepass serve`",
    run: everything,
};

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let interpreter = step(
        "Python environment",
        "put in place what the message names, then `cargo xtask setup`",
        python::environment,
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "Python peers",
        "each failure shows the request and the server's answer; one alone: `cargo xtask peers -k NAME`",
        || {
            run(program(interpreter)
                .args(["-B", "-m", "pytest", "testkit/peers"])
                .args(arguments)
                .env("GATEPASS_BIN", gatepass))
        },
    )
}
