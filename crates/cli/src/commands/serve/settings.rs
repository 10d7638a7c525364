//! The server's settings: the file, the environment over it, the flags over both.

use std::path::PathBuf;

use clap::Args;
use gatepass_server::Config;

use crate::context::Context;
use crate::exit::Failure;

/// The variable that names the file. It begins like those that are settings, and is none.
const FILE: &str = "GATEPASS_SERVE_CONFIG";

/// Where the database is; `serve` and `admin` agree on it.
#[derive(Args)]
pub(crate) struct DatabaseArgs {
    /// The configuration file, server.toml [default: $XDG_CONFIG_HOME/gatepass/server.toml if it is there; none with --dev]
    #[arg(long, value_name = "FILE", env = FILE, hide_env_values = true)]
    config: Option<PathBuf>,
    /// The database: a file for SQLite, or postgres://user@host/name for several servers at once, whose password stands
    /// in PGPASSWORD or ~/.pgpass [default: $XDG_STATE_HOME/gatepass/gatepass.db; with --dev dev.db]
    #[arg(long, value_name = "PATH|URL")]
    database: Option<String>,
}

impl DatabaseArgs {
    /// What the file and the environment say, with the database that is meant, whose folder is made if it is the usual one.
    ///
    /// # Errors
    ///
    /// They make no sense, or the folder cannot be made.
    pub(crate) fn load(self, dev: bool, context: &Context) -> Result<Config, Failure> {
        let config = self.read(dev, context)?;
        if config.database == usual_database(dev, context)? {
            context.make_state_folder()?;
        }
        Ok(config)
    }

    /// The same, and nothing is made.
    ///
    /// # Errors
    ///
    /// They make no sense.
    pub(super) fn read(self, dev: bool, context: &Context) -> Result<Config, Failure> {
        let usual =
            || Some(context.paths.config.join("server.toml")).filter(|file| !dev && file.exists());
        let file = self.config.or_else(usual);
        let mut config = Config::read(file.as_deref(), environment()?)
            .map_err(|error| Failure::usage(error.to_string()))?;
        if let Some(given) = self.database {
            config.database = given;
        }
        if config.database.is_empty() {
            config.database = usual_database(dev, context)?;
        }
        config.dev = dev;
        Ok(config)
    }
}

/// Every variable that is text. One of ours that is none would otherwise be passed over.
fn environment() -> Result<Vec<(String, String)>, Failure> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) if name != FILE => variables.push((name, value)),
            Err(_) if name.starts_with("GATEPASS_") => {
                return Err(Failure::usage(format!(
                    "environment variable {name}: expected UTF-8 text"
                )));
            }
            _ => {}
        }
    }
    Ok(variables)
}

fn usual_database(dev: bool, context: &Context) -> Result<String, Failure> {
    let name = if dev { "dev.db" } else { "gatepass.db" };
    let path = context.paths.state.join(name);
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::error(format!(
            "the path {} is not UTF-8; use --database",
            path.display()
        ))
    })
}

/// Puts what was given in the place of what stands there.
pub(super) fn replace<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}
