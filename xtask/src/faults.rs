//! `cargo xtask faults`: the fault tests alone, with as much time as they are given.
//!
//! `--minutes N` repeats for N minutes what is left to chance, and adds what takes a kernel that lets us mount (root, or user
//! namespaces). Other arguments go to the test harness: `cargo xtask faults --minutes 30 killed`. Without arguments they are
//! as in the gate.

use anyhow::{Context as _, Result};

use crate::Task;
use crate::program::{cargo, run};
use crate::setup::{faketime, postgres};
use crate::step::step;
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "faults",
    about: "`gatepass serve` killed, drained, on a full disk, over damaged files, with a wrong clock (--minutes N)",
    run: everything,
};

fn everything(arguments: &[String]) -> Result<()> {
    let (minutes, rest) = minutes(arguments)?;
    step(
        "what the tests need",
        "put in place what the message names, then `cargo xtask setup`",
        || {
            postgres::ready()?;
            faketime::ready()
        },
    )?;
    let gatepass = step(
        "the gatepass program",
        "mend the build",
        workspace::gatepass,
    )?;
    step(
        "fault tests",
        "each case that failed is named above; one alone: `cargo xtask faults NAME`",
        || {
            let mut command = cargo();
            command
                .args(["test", "--workspace", "--all-features", "--test", "faults"])
                .args(["--", "--nocapture"])
                .args(rest)
                .env("GATEPASS_BIN", gatepass);
            if let Some(minutes) = minutes {
                command.env("GATEPASS_FAULT_MINUTES", minutes.to_string());
            }
            run(&mut command)
        },
    )
}

/// How many minutes are asked for, and what is said besides.
fn minutes(arguments: &[String]) -> Result<(Option<u64>, &[String])> {
    match arguments {
        [flag, rest @ ..] if flag == "--minutes" => {
            let (number, rest) = rest.split_first().context("--minutes takes a number")?;
            let number = number.parse();
            Ok((
                Some(number.context("--minutes takes a whole number")?),
                rest,
            ))
        }
        rest => Ok((None, rest)),
    }
}
