//! Where secrets come from: a prompt, standard input, a file, the environment or a command; never an argument, which
//! every process on the machine can read.

#[cfg(unix)]
use std::io::IsTerminal as _;
use std::io::{self, Read as _};
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, FromArgMatches, value_parser};
use gatepass_client::{KeyringEntry, Secret, SecretRef};
use zeroize::Zeroizing;

use crate::context::absolute;
use crate::exit::Failure;
#[cfg(unix)]
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

/// Where a secret is now: `--NAME-stdin`, `--NAME-file FILE`, `--NAME-env VAR`, `--NAME-command COMMAND`,
/// `--NAME-keyring ENTRY`; where it is new, without any of them a prompt.
pub(crate) struct SecretArgs<N> {
    stdin: bool,
    reference: Option<SecretRef>,
    name: PhantomData<N>,
}

impl<N: Named> SecretArgs<N> {
    /// Reads a new secret; on a terminal it is asked for twice. New ones are the server's, which is for Unix.
    ///
    /// # Errors
    ///
    /// It cannot be read, or there is nobody to ask.
    #[cfg(unix)]
    pub(crate) async fn read_new(self) -> Result<Secret, Failure> {
        match self.read_given().await? {
            Some(secret) => Ok(secret),
            None => tokio::task::spawn_blocking(|| ask_twice(N::OPTION, N::WORDS))
                .await
                .map_err(|error| Failure::error(error.to_string()))?,
        }
    }

    /// Reads a secret that is there already, if the options say where.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) async fn read_given(self) -> Result<Option<Secret>, Failure> {
        if self.stdin {
            let reading = tokio::task::spawn_blocking(|| read_stdin(N::WORDS));
            let secret = reading
                .await
                .map_err(|error| Failure::error(error.to_string()))?;
            return secret.map(Some);
        }
        match self.reference {
            None => Ok(None),
            Some(reference) => match reference.read().await {
                Ok(secret) => Ok(Some(secret)),
                Err(error) => Err(Failure::error(error.to_string())),
            },
        }
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

#[cfg(unix)]
fn ask_twice(option: &str, words: &str) -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let text =
            format!("{words} is needed: --{option}-stdin, -file, -env or -command say where it is");
        return Err(Failure::usage(text));
    }
    let first = terminal::ask_hidden(&format!("{}: ", capital(words)))?;
    if first.is_empty() {
        return Err(Failure::error(format!("{words} must not be empty")));
    }
    if first != terminal::ask_hidden("The same again: ")? {
        return Err(Failure::error("the two differ; try again"));
    }
    Ok(first)
}

#[cfg(unix)]
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// How much of a file is the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its first line.
    Line,
    /// All of it.
    Whole,
}

/// The options of a secret that will be found each time: `--NAME-file`, `--NAME-env`, `--NAME-command`,
/// `--NAME-keyring`.
pub(crate) fn references(
    name: &str,
    words: &str,
    part: Part,
    heading: Option<&'static str>,
) -> Vec<Arg> {
    let in_file = match part {
        Part::Line => "from a file's first line",
        Part::Whole => "from a file",
    };
    let said = |suffix: &str, value: &'static str, help: &str| {
        option(name, suffix, format!("Read {words} {help}"), heading).value_name(value)
    };
    vec![
        said("file", "FILE", in_file).value_parser(value_parser!(PathBuf)),
        said("env", "VAR", "from an environment variable"),
        said("command", "COMMAND", "from what a command prints"),
        said(
            "keyring",
            "ENTRY",
            "from the OS keyring, like service/account",
        )
        .value_parser(value_parser!(KeyringEntry)),
    ]
}

/// Where the secret is, if one of its options says so.
pub(crate) fn reference(name: &str, matches: &ArgMatches) -> Option<SecretRef> {
    let text = |suffix: &str| {
        matches
            .get_one::<String>(&format!("{name}-{suffix}"))
            .cloned()
    };
    let file = matches.get_one::<PathBuf>(&format!("{name}-file"));
    let entry = matches.get_one::<KeyringEntry>(&format!("{name}-keyring"));
    file.map(|path| SecretRef::File(absolute(path.clone())))
        .or_else(|| text("env").map(SecretRef::Env))
        .or_else(|| text("command").map(SecretRef::Command))
        .or_else(|| entry.cloned().map(SecretRef::Keyring))
}

/// Adds options of which one is used at most.
pub(crate) fn group(command: clap::Command, name: &str, args: Vec<Arg>) -> clap::Command {
    let ids: Vec<_> = args.iter().map(|arg| arg.get_id().clone()).collect();
    command.args(args).group(
        ArgGroup::new(format!("{name}-source"))
            .args(ids)
            .multiple(false),
    )
}

fn option(name: &str, suffix: &str, help: String, heading: Option<&'static str>) -> Arg {
    let id = format!("{name}-{suffix}");
    Arg::new(id.clone())
        .long(id)
        .help(help)
        .help_heading(heading)
}

impl<N: Named> Args for SecretArgs<N> {
    fn augment_args(command: clap::Command) -> clap::Command {
        let help = format!("Read {} from standard input", N::WORDS);
        let stdin = option(N::OPTION, "stdin", help, N::HEADING).action(ArgAction::SetTrue);
        let mut args = vec![stdin];
        args.extend(references(N::OPTION, N::WORDS, Part::Line, N::HEADING));
        group(command, N::OPTION, args)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl<N: Named> FromArgMatches for SecretArgs<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            stdin: matches.get_flag(&format!("{}-stdin", N::OPTION)),
            reference: reference(N::OPTION, matches),
            name: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
