//! Development tasks of this workspace, run as `cargo xtask <task>`.
//!
//! A task is a file with a [`Task`] in it and a line in [`TASKS`].

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person at the terminal"
)]

mod bench;
mod browser;
mod deny;
mod faults;
mod interop;
mod lint;
mod mcp;
mod openid_client;
mod peers;
mod program;
mod setup;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

/// What `cargo xtask <name>` does.
struct Task {
    name: &'static str,
    about: &'static str,
    /// Gets the arguments after the name.
    run: fn(&[String]) -> anyhow::Result<()>,
}

const TASKS: &[&Task] = &[
    &test::TASK,
    &lint::TASK,
    &peers::TASK,
    &openid_client::TASK,
    &mcp::TASK,
    &interop::TASK,
    &browser::TASK,
    &faults::TASK,
    &setup::TASK,
    &bench::TASK,
    &deny::TASK,
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    if matches!(name.as_str(), "" | "help" | "-h" | "--help") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("there is no task `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match (task.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let lines: String = TASKS
        .iter()
        .map(|task| format!("  {:<13} {}\n", task.name, task.about))
        .collect();
    format!("usage: cargo xtask <task> [arguments]\n\n{lines}")
}
