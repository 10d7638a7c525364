//! What the program tells about itself, on standard error.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::output;

/// How much is logged.
#[derive(Args)]
pub(crate) struct LogArgs {
    /// What to log to standard error: off, error, warn, info, debug or trace
    #[arg(
        long,
        global = true,
        env = "GATEPASS_LOG",
        value_name = "LEVEL",
        hide_env_values = true,
        display_order = 900
    )]
    log_level: Option<String>,
    /// How to log: as text, or as JSON, an object a line
    #[arg(
        long,
        global = true,
        env = "GATEPASS_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true,
        hide_env_values = true,
        display_order = 901
    )]
    log_format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Starts logging at the level asked for, otherwise at `usual`.
///
/// A bare level is for us and the server's access log, and other libraries stay at `warn`: at `trace` some of them write
/// down what they send, tokens included. Whoever wants that names them.
pub(crate) fn start(args: &LogArgs, usual: &str) -> Result<(), Failure> {
    let asked = args
        .log_level
        .as_deref()
        .filter(|text| !text.is_empty())
        .unwrap_or(usual);
    let bare = !asked.contains(['=', ',', '[']);
    let filter = match asked.to_ascii_lowercase().as_str() {
        level @ ("info" | "debug" | "trace") => format!("warn,gatepass={level},tower_http={level}"),
        _ if bare && asked.parse::<tracing::metadata::LevelFilter>().is_err() => {
            let text = "expected off, error, warn, info, debug, trace or a filter like \"warn,gatepass_server=debug\"";
            return Err(Failure::usage(format!("--log-level {asked:?}: {text}")));
        }
        _ => asked.to_owned(),
    };
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| Failure::usage(format!("--log-level: {error}")))?;
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A closed standard error would make it panic.
        .log_internal_errors(false);
    let started = match args.log_format {
        LogFormat::Text => logger
            .with_ansi(output::colours(output::Stream::Error))
            .try_init(),
        // The request's name and path stand in `span`.
        LogFormat::Json => logger
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    };
    started.map_err(|error| Failure::error(error.to_string()))
}
