//! `gatepass admin export`.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::NamedTempFile;

use super::Which;
use super::progress::Progress;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Stream};

/// Write every record that lasts as JSON, one a line, for `gatepass admin import`
///
/// This moves a server from SQLite to PostgreSQL and back. Stop the server first: what changes meanwhile may be missing.
/// Codes, logins and opaque access tokens are left out. What is written holds password hashes and sealed keys: keep it as
/// safe as the database. The master key is not in it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin export gatepass.jsonl
  gatepass admin export --database gatepass.db | \\
      gatepass admin import --database postgres:///gatepass")]
pub(super) struct Export {
    /// Where it goes, readable by its owner alone [default: standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "file")]
    force: bool,
    /// The audit log too, which is not imported
    #[arg(long)]
    audit: bool,
    #[command(flatten)]
    which: Which,
}

impl Export {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(file) = self
            .file
            .as_deref()
            .filter(|file| !self.force && file.exists())
        {
            return Err(exists(file));
        }
        let admin = self.which.open(context).await?;
        let progress = Progress::begin("exported");
        let mut told = |records| progress.told(records);
        let records = match &self.file {
            Some(file) => {
                let mut aside = aside(file).map_err(|error| fault(file, &error))?;
                let mut out = BufWriter::new(aside.as_file_mut());
                let records = admin.export(&mut out, self.audit, &mut told).await?;
                out.flush().map_err(|error| fault(file, &error))?;
                drop(out);
                keep(aside, file, self.force)?;
                records
            }
            None => {
                if output::is_terminal(Stream::Result) {
                    output::note(
                        "Password hashes and sealed keys follow: this belongs into a file that only you can read.",
                    );
                }
                let mut out = BufWriter::new(io::stdout());
                admin.export(&mut out, self.audit, &mut told).await?
            }
        };
        drop(progress);
        output::note(&format!(
            "{records} records. The master key is not among them: whoever imports them needs it too."
        ));
        Ok(())
    }
}

/// A file beside the one that is meant, for its owner's eyes only.
fn aside(file: &Path) -> io::Result<NamedTempFile> {
    let file = std::path::absolute(file)?;
    let folder = file.parent().unwrap_or(&file);
    tempfile::Builder::new()
        .prefix(".gatepass-")
        .suffix(".draft")
        .tempfile_in(folder)
}

/// Gives it its name, once the disk keeps it.
fn keep(aside: NamedTempFile, file: &Path, force: bool) -> Result<(), Failure> {
    aside
        .as_file()
        .sync_all()
        .map_err(|error| fault(file, &error))?;
    let kept = match force {
        true => aside.persist(file),
        false => aside.persist_noclobber(file),
    };
    kept.map(drop).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => fault(file, &error.error),
    })
}

fn exists(file: &Path) -> Failure {
    let file = output::tame(&file.display().to_string());
    Failure::error(format!(
        "{file} exists already, and was left as it is; choose another name, or --force"
    ))
}

fn fault(file: &Path, error: &io::Error) -> Failure {
    let file = output::tame(&file.display().to_string());
    Failure::error(format!("{file}: {error}"))
}
