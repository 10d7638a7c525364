//! `cargo xtask interop`: gatepass's client against servers that nobody here wrote.
//!
//! Arguments go to the test harness: `cargo xtask interop digest`.

use anyhow::Result;

use crate::Task;
use crate::program::{cargo, run};
use crate::setup::{caddy, node, python, web_servers};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "interop",
    about: "the client against oidc-provider, Authlib, httpbin, nginx and lighttpd; nginx and Caddy before the guard",
    run: everything,
};

pub(crate) fn everything(arguments: &[String]) -> Result<()> {
    let (node, python, web, caddy) = step(
        "foreign servers",
        "put in place what the message names, then `cargo xtask setup`",
        || {
            Ok((
                node::ready()?,
                python::environment()?,
                web_servers::ready()?,
                caddy::ready()?,
            ))
        },
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "interoperability tests",
        "each case that failed is named above; one test alone: `cargo xtask interop NAME`",
        || {
            run(cargo()
                .args(["test", "--workspace", "--all-features", "--test", "interop"])
                .arg("--")
                .args(arguments)
                .env("GATEPASS_BIN", gatepass)
                .env("NODE_BIN", node)
                .env("PYTHON_BIN", python)
                .env("NGINX_BIN", web.nginx)
                .env("LIGHTTPD_BIN", web.lighttpd)
                .env("CADDY_BIN", caddy))
        },
    )
}
