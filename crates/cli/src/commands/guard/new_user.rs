//! `gatepass guard new-user`.

use clap::Args;
use gatepass_gateway::UserEntry;
use gatepass_proto::Scope;
use gatepass_server::hash_new_password;

use super::said;
use super::table::table;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::secrets::{Named, SecretArgs};

/// Make the table of a user for the guard's file, from a password
///
/// For callers that can do nothing better than HTTP Basic. The table goes into guard.toml: it has an Argon2id hash in place of
/// the password. A guard that runs takes the password when it has read the file again, and no longer when it has read a file
/// without the table. An API key (new-key) cannot be guessed and costs nothing to check.
///
/// A password takes at least 8 characters, better 15 or more, such as four words that do not belong together. One that is easy
/// to guess is refused.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass guard new-user nightly --scope read
  pass show nightly | gatepass guard new-user nightly --password-stdin
  gatepass guard new-user ci --password-env CI_PASSWORD --output json

The table is printed on standard output.")]
pub(super) struct NewUser {
    /// What they send, and on whose behalf they act, as the API is told
    name: String,
    /// What the password opens, separated by spaces [default: nothing that needs a scope]
    #[arg(
        long,
        value_name = "SCOPES",
        default_value = "",
        hide_default_value = true
    )]
    scope: Scope,
    #[command(flatten)]
    password: SecretArgs<Password>,
    #[command(flatten)]
    format: OutputArgs,
}

/// The password of a guard's user.
struct Password;

impl Named for Password {
    const OPTION: &'static str = "password";
    const WORDS: &'static str = "the password";
}

impl NewUser {
    pub(super) async fn run(self) -> Result<(), Failure> {
        UserEntry::check_name(&self.name).map_err(said)?;
        let password = self.password.read_new().await?;
        let entry = UserEntry {
            password_hash: hash_new_password(&self.name, &password)
                .await
                .map_err(|error| Failure::error(error.to_string()))?,
            name: self.name,
            scope: self.scope,
        };
        match self.format.output {
            Format::Json => output::json(&entry),
            Format::Text => {
                let table = table("user", &entry)?;
                output::note("This goes into guard.toml:\n");
                output::line(&table)
            }
        }
    }
}
