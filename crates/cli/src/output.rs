//! The only place that prints. Results go to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use crate::exit::{Exit, Failure};

/// How a result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// `--output`, as most commands have it.
#[derive(clap::Args)]
pub(crate) struct OutputArgs {
    /// How the result is written: text or json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) output: Format,
}

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Result,
    /// Standard error.
    Error,
}

/// Whether a stream is in colour: `NO_COLOR`, then `CLICOLOR_FORCE`, then `TERM=dumb`, then whether anybody looks.
pub(crate) fn colours(stream: Stream) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    set("TERM").is_none_or(|term| term != "dumb") && is_terminal(stream)
}

/// Whether a person looks at a stream.
pub(crate) fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Result => io::stdout().is_terminal(),
        Stream::Error => io::stderr().is_terminal(),
    }
}

/// Writes a result and sees it off.
///
/// # Errors
///
/// The stream cannot be written; a reader that has gone ends the program quietly.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(())
}

/// Writes a result and the end of its line.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    bytes(format!("{text}\n").as_bytes())
}

/// Writes a result for programs, on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string(value).map_err(|error| Failure::error(error.to_string()))?)
}

/// Writes rows under a heading, their columns aligned.
pub(crate) fn table<const N: usize>(
    heading: [&str; N],
    rows: &[[String; N]],
) -> Result<(), Failure> {
    let mut widths = heading.map(width);
    for row in rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = width(cell).max(*most);
        }
    }
    let mut text = aligned(heading, widths);
    for row in rows {
        text.push_str(&aligned(row.each_ref().map(String::as_str), widths));
    }
    bytes(text.as_bytes())
}

/// Tells the person something that is no result.
pub(crate) fn note(text: &str) {
    // With nobody to tell it to, there is nobody to complain to either.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks the person something; the answer goes on the same line.
pub(crate) fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}

/// Tells why it was not done.
pub(crate) fn failure(failure: &Failure) {
    let text = failure.to_string();
    if text.is_empty() {
        return;
    }
    if failure.exit() == Exit::Interrupted && is_terminal(Stream::Error) {
        // The terminal shows ^C, in the middle of a line.
        note("");
    }
    note(&format!(
        "{} {text}",
        painted("error:", "1;31", Stream::Error)
    ));
}

/// The text in a colour (SGR parameters of ECMA-48), where the stream has colours.
pub(crate) fn painted(text: &str, colour: &str, stream: Stream) -> String {
    if colours(stream) {
        format!("\x1b[{colour}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// The text without what could steer a terminal. It may come from anybody.
pub(crate) fn tame(text: &str) -> String {
    text.replace("\r\n", "\n").replace(
        |c: char| c.is_control() && c != '\n' && c != '\t',
        "\u{fffd}",
    )
}

/// The text as one word of a shell.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn aligned<const N: usize>(cells: [&str; N], widths: [usize; N]) -> String {
    let mut line = String::new();
    for (cell, wide) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(
            ' ',
            wide.saturating_sub(width(cell)) + 2,
        ));
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

fn width(text: &str) -> usize {
    text.chars().count()
}
