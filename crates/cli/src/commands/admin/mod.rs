//! `gatepass admin`.

mod audit;
mod backup;
mod claims;
mod client;
mod copies;
mod export;
mod grant;
mod health;
mod import;
mod invite;
mod key;
mod progress;
mod proving;
mod requesting;
mod restore;
mod server_key;
mod session;
mod telling;
mod user;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Run;
use super::serve::DatabaseArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

/// Look after the server's users, clients, API keys, grants and logins
///
/// Works on the database itself, on the machine that has it. A running server sees the changes at once.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user add me
  gatepass admin client add Robot --grant client_credentials --scope read
  gatepass admin client list --output json
  gatepass admin user lock me
  gatepass admin audit --user me
  gatepass admin backup gatepass-2026-01-31.db")]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    User(user::User),
    Client(client::Client),
    Key(key::Key),
    Grant(grant::Grant),
    Session(session::Session),
    ServerKey(server_key::ServerKey),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Export(export::Export),
    Import(import::Import),
    Health(health::Health),
}

impl Run for Admin {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.what {
            What::User(user) => user.run(context).await?,
            What::Client(client) => client.run(context).await?,
            What::Key(key) => key.run(context).await?,
            What::Grant(grant) => grant.run(context).await?,
            What::Session(session) => session.run(context).await?,
            What::ServerKey(key) => key.run(context).await?,
            What::Audit(audit) => audit.run(context).await?,
            What::Backup(backup) => backup.run(context).await?,
            What::Restore(restore) => restore.run(context).await?,
            What::Export(export) => export.run(context).await?,
            What::Import(import) => import.run(context).await?,
            What::Health(health) => health.run(context).await?,
        }
        Ok(Exit::Done)
    }
}

/// Which database, the same as `serve` takes.
#[derive(Args)]
struct Which {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The database of `gatepass serve --dev`
    #[arg(long, conflicts_with = "database")]
    dev: bool,
}

/// What every list takes.
#[derive(Args)]
struct List {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// What a list of one user's things takes.
#[derive(Args)]
struct ListOf {
    /// Whose, by the name they log in with
    user: String,
    #[command(flatten)]
    list: List,
}

impl List {
    /// Prints `items` as a table under `head`, or as JSON.
    fn print<T, const N: usize>(
        format: &OutputArgs,
        items: &[T],
        shown: impl Fn(&T) -> Value,
        head: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        match format.output {
            Format::Json => output::json(&items.iter().map(shown).collect::<Vec<_>>()),
            Format::Text => output::table(head, &items.iter().map(row).collect::<Vec<_>>()),
        }
    }
}

impl Which {
    /// The server's settings.
    fn settings(self, context: &Context) -> Result<gatepass_server::Config, Failure> {
        self.database.load(self.dev, context)
    }

    async fn open(self, context: &Context) -> Result<gatepass_server::Admin, Failure> {
        let config = self.settings(context)?;
        let opened = gatepass_server::Admin::open(&config.database).await;
        let admin = opened.map_err(|error| {
            let place = gatepass_server::database_place(&config.database);
            Failure::error(format!("{place}: {error}"))
        })?;
        let admin = admin.end_grants_at_logout(config.tokens.end_grants_at_logout);
        let admin = admin.key_rotation(config.key_rotation);
        Ok(admin.master_key(config.master_key))
    }
}
