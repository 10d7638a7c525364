//! `gatepass admin import`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use clap::Args;
use gatepass_server::{Imported, TransferError};
use serde_json::json;

use super::Which;
use super::progress::Progress;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};

/// Read what `gatepass admin export` has written into an empty database
///
/// The records come in groups, each whole or not at all. If it stops on the way, run it again: it goes on where it was. The
/// server needs the master key of the old one, and takes no login from it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin import gatepass.jsonl --database postgres:///gatepass
  gatepass admin import --merge < gatepass.jsonl")]
pub(super) struct Import {
    /// The export [default: standard input]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Into a database that is not empty: what is there is left as it is
    #[arg(long)]
    merge: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut from: Box<dyn BufRead + Send> = match &self.file {
            Some(path) => {
                let file = File::open(path).map_err(|error| {
                    let path = output::tame(&path.display().to_string());
                    Failure::error(format!("{path}: {error}"))
                })?;
                Box::new(BufReader::new(file))
            }
            None => Box::new(BufReader::new(io::stdin())),
        };
        let admin = self.which.open(context).await?;
        let progress = Progress::begin("read");
        let mut told = |records| progress.told(records);
        let imported = admin.import(&mut *from, self.merge, &mut told).await;
        drop(progress);
        let imported = imported.map_err(failed)?;
        match self.format.output {
            Format::Json => output::json(&json!({
                "added": imported.added,
                "present": imported.present,
                "skipped": imported.skipped,
                "audit_lines": imported.audit_lines,
            })),
            Format::Text => output::line(&summary(imported)),
        }
    }
}

fn summary(imported: Imported) -> String {
    let mut text = format!("{} records added", imported.added);
    for (count, what) in [
        (imported.present, "were there already"),
        (
            imported.skipped,
            "left out, for others of the same id are there",
        ),
        (imported.audit_lines, "lines of the audit log left out"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text
}

fn failed(error: TransferError) -> Failure {
    match error {
        TransferError::NotEmpty => Failure::error(
            "the database holds records already, and not those of this import; choose an empty one, or --merge",
        ),
        error => error.into(),
    }
}
