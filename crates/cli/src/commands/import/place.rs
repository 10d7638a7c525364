//! Where a secret goes that was found: never into config.toml.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_client::{Secret, SecretRef};

use crate::context::absolute;
use crate::exit::Failure;
use crate::output;

/// Where the secret is kept.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct PlaceArgs {
    /// Write the secret to this file, which only you can read, and find it there
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Find the secret in this environment variable; putting it there is up to you
    #[arg(long, value_name = "VAR")]
    secret_env: Option<String>,
    /// Find the secret in what this command prints; putting it there is up to you
    #[arg(long, value_name = "COMMAND")]
    secret_command: Option<String>,
}

impl PlaceArgs {
    /// Puts the secret where it is to be, or says who has to.
    ///
    /// # Errors
    ///
    /// No place was named; the file cannot be written, or holds something else.
    pub(super) fn settle(
        self,
        secret: Option<&Secret>,
        replace: bool,
    ) -> Result<SecretRef, Failure> {
        if let Some(name) = self.secret_env {
            output::note(&format!(
                "Set the environment variable {name} to the secret."
            ));
            return Ok(SecretRef::Env(name));
        }
        if let Some(command) = self.secret_command {
            output::note(&format!(
                "Store the secret so that {command:?} prints it on its first line."
            ));
            return Ok(SecretRef::Command(command));
        }
        let Some(path) = self.secret_file else {
            return Err(Failure::usage(
                "the secret needs a place: --secret-file FILE (it is written there), --secret-env VAR or --secret-command COMMAND",
            ));
        };
        let path = absolute(path);
        match secret {
            Some(secret) => write(&path, secret, replace)?,
            None => output::note(&format!("Write the secret to {}.", path.display())),
        }
        Ok(SecretRef::File(path))
    }
}

/// Writes the secret to a file of its own, whole or not at all.
///
/// # Errors
///
/// It cannot be written, or is there already and not to be replaced.
pub(in crate::commands) fn write(
    path: &Path,
    secret: &Secret,
    replace: bool,
) -> Result<(), Failure> {
    let fault = |error: io::Error| Failure::error(format!("{}: {error}", path.display()));
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    // Temporary files are this user's only, and keep their mode.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
    file.write_all(format!("{}\n", secret.expose()).as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(fault)?;
    let named = match replace {
        true => file.persist(path),
        false => file.persist_noclobber(path),
    };
    named.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => Failure::error(format!(
            "{} is there already; name another file, or add --replace",
            path.display()
        )),
        _ => fault(error.error),
    })?;
    output::note(&format!("Wrote the secret to {}.", path.display()));
    Ok(())
}
