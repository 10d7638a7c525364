//! `cargo xtask peers`: Python's own clients, Apache and oidc-agent against a real server.
//!
//! Arguments go to pytest: `cargo xtask peers -k oob`.

use anyhow::Result;

use crate::Task;
use crate::program::{program, run};
use crate::setup::{apache, oidc_agent, python};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "peers",
    about: "requests, requests-oauthlib, Authlib, mod_auth_openidc and oidc-agent against `gatepass serve`",
    run: everything,
};

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let (interpreter, apache) = step(
        "Python environment, Apache, oidc-agent",
        "put in place what the message names, then `cargo xtask setup`",
        || {
            oidc_agent::ready()?;
            Ok((python::environment()?, apache::ready()?))
        },
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "peers",
        "each failure shows the request and the server's answer; one alone: `cargo xtask peers -k NAME`",
        || {
            run(program(interpreter)
                .args(["-B", "-m", "pytest", "testkit/peers"])
                .args(arguments)
                .env("GATEPASS_BIN", gatepass)
                .env("APACHE_BIN", apache.program)
                .env("APACHE_MODULES", apache.modules))
        },
    )
}
