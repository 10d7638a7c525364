//! `gatepass admin`.

mod client;
mod key;
mod user;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Run;
use super::serve::DatabaseArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

/// Add and list the server's users, clients and API keys
///
/// Works on the database itself, on the machine that has it. A running server sees the changes at once.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user add me
  gatepass admin client add Robot --grant client_credentials --scope read
  gatepass admin client list --output json")]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    User(user::User),
    Client(client::Client),
    Key(key::Key),
}

impl Run for Admin {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.what {
            What::User(user) => user.run(context).await?,
            What::Client(client) => client.run(context).await?,
            What::Key(key) => key.run(context).await?,
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
        opened.map_err(|error| Failure::error(format!("{database}: {error}")))
    }
}
