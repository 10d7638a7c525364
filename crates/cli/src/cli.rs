//! From the words on the command line to an exit code.

use std::num::NonZeroUsize;

use clap::Parser;
use clap::error::ErrorKind;
use tokio::runtime::{Builder, Runtime};

use crate::commands::{self, Command};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::logging::{self, LogArgs};
use crate::{output, signals, terminal};

/// Obtains, keeps, renews and uses API access tokens, and runs a server that issues and checks them.
#[derive(Parser)]
#[command(name = "gatepass", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  gatepass serve --dev                   a server to try everything on
  gatepass profile add work --issuer https://login.example.com \\
      --client-id cl_1 --api https://api.example.com
  gatepass login work                    log in with the browser
  gatepass get https://api.example.com/items
  gatepass token work                    print a valid token, nothing else
  gatepass exec work -- ./upload.sh      run a program that needs a token

get, head, post, put, patch and delete are short for `gatepass request` with
that method.

Exit codes: 0 done, 1 error, 2 usage, 3 network or time-out (try again),
4 login needed, 5 refused, 130 interrupted.";

/// Runs the program.
pub(crate) fn main() -> Exit {
    let cli = match Cli::try_parse_from(commands::words(std::env::args_os())) {
        Ok(cli) => cli,
        Err(words) => return say(&words),
    };
    let ended = runtime(cli.command.serves())
        .map_err(Failure::from)
        .and_then(|runtime| {
            let ended = runtime.block_on(run(cli));
            // A prompt may still wait for a key; the process ends without it.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(exit) => exit,
        Err(failure) => {
            output::failure(&failure);
            failure.exit()
        }
    }
}

/// Where there is but one core, threads only hand work to each other.
fn runtime(serves: bool) -> std::io::Result<Runtime> {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = if serves && cores() > 1 {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    builder.enable_all().build()
}

async fn run(cli: Cli) -> Result<Exit, Failure> {
    logging::start(&cli.log, cli.command.log_level())?;
    let context = Context::of_this_user()?;
    if cli.command.minds_signals() {
        return cli.command.run(&context).await;
    }
    tokio::select! {
        // Listened for before anything is shown that somebody could interrupt.
        biased;
        () = signals::interrupted() => {
            terminal::restore();
            Err(Failure::interrupted())
        }
        ended = cli.command.run(&context) => ended,
    }
}

/// Prints help and version to standard output, what is wrong with the words to standard error.
fn say(words: &clap::Error) -> Exit {
    match (words.print(), words.kind()) {
        (_, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => Exit::Done,
        _ => Exit::Usage,
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::Cli;

    #[test]
    fn the_words_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_that_fit_a_terminal() {
        check(&Cli::command(), "gatepass");
    }

    fn check(command: &Command, name: &str) {
        let after = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        if command.get_subcommands().next().is_none() {
            assert!(after.contains("Example"), "{name} has no example");
        }
        let wide = after
            .lines()
            .find(|line| line.starts_with(' ') && line.chars().count() > 80);
        assert_eq!(wide, None, "{name}");
        for sub in command.get_subcommands() {
            check(sub, &format!("{name} {}", sub.get_name()));
        }
    }
}
