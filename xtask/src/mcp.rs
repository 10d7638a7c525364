//! `cargo xtask mcp`: the Model Context Protocol's authorization, with the official SDKs at the other end.
//!
//! `cargo xtask mcp python` and `cargo xtask mcp node` run one half; what follows goes to pytest or to Node's test runner:
//! `cargo xtask mcp python -k subscription`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::Task;
use crate::program::{program, run};
use crate::setup::{node, python};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "mcp",
    about: "the official MCP SDKs for Python and JavaScript as clients and as servers",
    run: everything,
};

/// The programs of the tests.
struct Programs {
    gatepass: PathBuf,
    node: PathBuf,
    python: PathBuf,
}

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let (node, python) = step(
        "Node.js, Python and their packages",
        "put in place what the message names, then `cargo xtask setup`",
        || Ok((node::ready()?, python::environment()?)),
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    let programs = Programs {
        gatepass,
        node,
        python,
    };
    match arguments.split_first() {
        None => {
            in_python(&programs, &[])?;
            in_javascript(&programs, &[])
        }
        Some((half, rest)) if half == "python" => in_python(&programs, rest),
        Some((half, rest)) if half == "node" => in_javascript(&programs, rest),
        Some((other, _)) => bail!("there is no half `{other}`, only `python` and `node`"),
    }
}

/// The SDK's client for Python, and our client at servers of both SDKs.
fn in_python(programs: &Programs, arguments: &[String]) -> Result<()> {
    step(
        "MCP, in Python",
        "each failure is shown above; one alone: `cargo xtask mcp python -k NAME`",
        || {
            run(program(&programs.python)
                .args(["-B", "-m", "pytest", "testkit/peers/mcp-sdks"])
                .args(arguments)
                .env("GATEPASS_BIN", &programs.gatepass)
                .env("NODE_BIN", &programs.node))
        },
    )
}

/// The SDK's client for JavaScript.
fn in_javascript(programs: &Programs, arguments: &[String]) -> Result<()> {
    step(
        "MCP, in JavaScript",
        "each failure is shown above; one alone: `cargo xtask mcp node --test-name-pattern=NAME`",
        || {
            run(program(&programs.node)
                .arg("testkit/peers/mcp-sdks/run.mjs")
                .args(arguments)
                .env("GATEPASS_BIN", &programs.gatepass)
                .env("NODE_BIN", &programs.node)
                .env("PYTHON_BIN", &programs.python))
        },
    )
}
