//! Where secrets come from: a prompt, standard input, a file, the environment or a command; never an argument, which
//! every process on the machine can read.

use std::io::{self, IsTerminal as _, Read as _};
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, FromArgMatches, value_parser};
use gatepass_client::{Secret, SecretRef};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::terminal;

/// The longest secret, in bytes.
const MAX_LEN: u64 = 64 * 1024;

/// What a secret is called.
pub(crate) trait Named {
    /// In options: `--NAME-file`, `--NAME-env` …
    const OPTION: &'static str;
    /// In sentences.
    const WORDS: &'static str;
    /// Under which heading the help has its options.
    const HEADING: Option<&'static str> = None;
}

/// Where a secret will be found each time: `--NAME-file FILE`, `--NAME-env VAR`, `--NAME-command COMMAND`.
pub(crate) struct ReferenceArgs<N> {
    /// Where it is, if that was said.
    pub(crate) reference: Option<SecretRef>,
    name: PhantomData<N>,
}

/// Where a secret is now: as [`ReferenceArgs`], or `--NAME-stdin`; without any of them a prompt.
pub(crate) struct SecretArgs<N> {
    stdin: bool,
    elsewhere: ReferenceArgs<N>,
}

impl<N: Named> SecretArgs<N> {
    /// Reads a new secret; on a terminal it is asked for twice.
    ///
    /// # Errors
    ///
    /// It cannot be read, or there is nobody to ask.
    pub(crate) async fn read_new(self) -> Result<Secret, Failure> {
        if let Some(reference) = self.elsewhere.reference {
            return reference
                .read()
                .await
                .map_err(|error| Failure::error(error.to_string()));
        }
        let reading = move || {
            if self.stdin {
                read_stdin(N::WORDS)
            } else {
                ask_twice::<N>()
            }
        };
        tokio::task::spawn_blocking(reading)
            .await
            .map_err(|error| Failure::error(error.to_string()))?
    }
}

fn read_stdin(what: &str) -> Result<Secret, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().take(MAX_LEN).read_to_end(&mut bytes)?;
    let line = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.lines().next());
    line.filter(|line| !line.is_empty())
        .map(Secret::new)
        .ok_or_else(|| Failure::error(format!("standard input: expected {what} on the first line")))
}

fn ask_twice<N: Named>() -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let option = N::OPTION;
        let text = format!(
            "{} is needed: --{option}-stdin, -file, -env or -command say where it is",
            N::WORDS
        );
        return Err(Failure::usage(text));
    }
    let first = terminal::ask_hidden(&format!("{}: ", capital(N::WORDS)))?;
    if first.is_empty() {
        return Err(Failure::error(format!("{} must not be empty", N::WORDS)));
    }
    if first != terminal::ask_hidden("The same again: ")? {
        return Err(Failure::error("the two differ; try again"));
    }
    Ok(first)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn id<N: Named>(suffix: &str) -> String {
    format!("{}-{suffix}", N::OPTION)
}

fn option<N: Named>(suffix: &str, help: &str) -> Arg {
    let arg = Arg::new(id::<N>(suffix))
        .long(id::<N>(suffix))
        .help(format!("Read {} {help}", N::WORDS));
    arg.help_heading(N::HEADING)
}

fn group<N: Named>(command: clap::Command, args: Vec<Arg>) -> clap::Command {
    let ids: Vec<_> = args.iter().map(|arg| arg.get_id().clone()).collect();
    command
        .args(args)
        .group(ArgGroup::new(id::<N>("source")).args(ids).multiple(false))
}

fn references<N: Named>() -> Vec<Arg> {
    vec![
        option::<N>("file", "from a file's first line")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf)),
        option::<N>("env", "from an environment variable").value_name("VAR"),
        option::<N>("command", "from what a command prints").value_name("COMMAND"),
    ]
}

impl<N: Named> Args for ReferenceArgs<N> {
    fn augment_args(command: clap::Command) -> clap::Command {
        group::<N>(command, references::<N>())
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl<N: Named> FromArgMatches for ReferenceArgs<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |suffix: &str| matches.get_one::<String>(&id::<N>(suffix)).cloned();
        let file = matches.get_one::<PathBuf>(&id::<N>("file"));
        // A profile is used from any folder.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let file = file.map(|path| SecretRef::File(absolute(path)));
        let reference = file
            .or_else(|| text("env").map(SecretRef::Env))
            .or_else(|| text("command").map(SecretRef::Command));
        Ok(Self {
            reference,
            name: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<N: Named> Args for SecretArgs<N> {
    fn augment_args(command: clap::Command) -> clap::Command {
        let mut args = vec![option::<N>("stdin", "from standard input").action(ArgAction::SetTrue)];
        args.extend(references::<N>());
        group::<N>(command, args)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl<N: Named> FromArgMatches for SecretArgs<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let elsewhere = ReferenceArgs::from_arg_matches(matches)?;
        Ok(Self {
            stdin: matches.get_flag(&id::<N>("stdin")),
            elsewhere,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
