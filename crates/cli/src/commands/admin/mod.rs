//! `gatepass admin`.

mod audit;
mod claims;
mod client;
mod grant;
mod invite;
mod key;
mod proving;
mod requesting;
mod session;
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
  gatepass admin audit --user me")]
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
    Audit(audit::Audit),
}

impl Run for Admin {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.what {
            What::User(user) => user.run(context).await?,
            What::Client(client) => client.run(context).await?,
            What::Key(key) => key.run(context).await?,
            What::Grant(grant) => grant.run(context).await?,
            What::Session(session) => session.run(context).await?,
            What::Audit(audit) => audit.run(context).await?,
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
    async fn open(self, context: &Context) -> Result<gatepass_server::Admin, Failure> {
        let database = self.database.resolve(self.dev, context)?;
        let opened = gatepass_server::Admin::open(&database).await;
        opened.map_err(|error| {
            let place = gatepass_server::database_place(&database);
            Failure::error(format!("{place}: {error}"))
        })
    }
}
