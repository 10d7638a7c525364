//! What is said of a copy of a whole database.

use std::path::Path;

use gatepass_server::{AdminError, Copied, CopyError, KeySource};
use indicatif::HumanBytes;
use serde_json::{Map, Value, json};

use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};

/// Tells what is in a copy, and where the key is that it is worth nothing without.
pub(super) fn tell(
    format: &OutputArgs,
    file: &Path,
    copied: &Copied,
    key: Option<&KeySource>,
) -> Result<(), Failure> {
    let rows: Map<String, Value> = copied
        .rows
        .iter()
        .map(|(table, rows)| ((*table).to_owned(), json!(rows)))
        .collect();
    match format.output {
        Format::Json => output::json(&json!({
            "file": file.display().to_string(),
            "bytes": copied.bytes,
            "version": copied.version,
            "rows": rows,
            "master_key": key.map(ToString::to_string),
        })),
        Format::Text => {
            let rows: Vec<_> = copied
                .rows
                .iter()
                .map(|(table, rows)| [(*table).to_owned(), rows.to_string()])
                .collect();
            output::table(["TABLE", "ROWS"], &rows)?;
            output::note(&format!(
                "{}: {}, tables of version {}, checked.",
                output::tame(&file.display().to_string()),
                HumanBytes(copied.bytes),
                copied.version
            ));
            Ok(())
        }
    }
}

/// Why there is no copy, and what can be done.
pub(super) fn failed(error: AdminError) -> Failure {
    match error {
        AdminError::Copy(error @ CopyError::Exists(_)) => {
            Failure::error(format!("{error}; choose another name, or --force"))
        }
        error => error.into(),
    }
}
