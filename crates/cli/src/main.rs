//! The `gatepass` program. Its words are in `cli.rs`, its commands one a file in `commands/`.

mod cli;
mod commands;
mod context;
mod exit;
mod logging;
mod output;
mod person;
mod qr;
mod secrets;
mod signals;
mod terminal;
mod time;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main().into()
}
