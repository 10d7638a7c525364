//! `gatepass guard new-key`.

use clap::Args;
use gatepass_gateway::ApiKeyEntry;
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::{Cx, Scope, Secret};
use serde::Serialize;

use super::said;
use super::table::table;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};

/// Make an API key for the guard's file, which is printed this once
///
/// The key goes to whoever is to use it, as X-API-Key or as a Bearer token. The table goes into guard.toml: it has the
/// key's SHA-256 in place of the key. A guard that runs takes the key when it has read the file again, and no longer
/// when it has read a file without the table.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass guard new-key nightly-report --scope read
  gatepass guard new-key ci --subject robots --scope \"read write\" --output json

The key is printed on standard output, the table on standard error; as JSON both
are one object.")]
pub(super) struct NewKey {
    /// What the file calls it
    name: String,
    /// On whose behalf it acts, as the API is told [default: the name]
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// What it opens, separated by spaces [default: nothing that needs a scope]
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "",
        hide_default_value = true
    )]
    scope: Scope,
    #[command(flatten)]
    format: OutputArgs,
}

/// Both halves, for programs.
#[derive(Serialize)]
struct Made<'a> {
    api_key: &'a str,
    entry: &'a ApiKeyEntry,
}

impl NewKey {
    pub(super) fn run(self) -> Result<(), Failure> {
        let key = opaque::mint(
            opaque::API_KEY,
            &mut Cx::new(SystemClock.now(), &mut OsEntropy),
        );
        let entry = ApiKeyEntry {
            subject: self.subject.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            scope: self.scope,
            sha256: key.digest(),
            expires_at: None,
        };
        entry.agree().map_err(said)?;
        print(&key, &entry, self.format.output)
    }
}

fn print(key: &Secret, entry: &ApiKeyEntry, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let api_key = key.expose();
        return output::json(&Made { api_key, entry });
    }
    let table = table("api_key", entry)?;
    output::line(key.expose())?;
    output::note(
        "The key is not shown again; keep it where secrets are kept. This goes into guard.toml:",
    );
    output::note(&format!("\n{table}"));
    Ok(())
}
