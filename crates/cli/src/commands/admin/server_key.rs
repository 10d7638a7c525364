//! `gatepass admin server-key`.

use clap::{Args, Subcommand};
use gatepass_server as server;
use serde_json::{Value, json};

use super::{List, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

/// The server's own keys: what it signs with, and what refresh tokens are made with
///
/// They replace each other by themselves, as key_rotation in the configuration says.
#[derive(Args)]
pub(super) struct ServerKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the keys, without what is secret of them
    #[command(after_help = "Example:\n  gatepass admin server-key list --output json")]
    List(List),
    Rotate(Rotate),
    Retire(Retire),
}

/// Make the next key before its time
///
/// It is published at once, and used when whoever checks signatures has had the time to fetch it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin server-key rotate
  gatepass admin server-key rotate RS256
  gatepass admin server-key rotate refresh --now")]
struct Rotate {
    /// For what: ES256, EdDSA, RS256, PS256, or refresh
    #[arg(value_name = "USE", default_value = "ES256")]
    wanted: String,
    /// Use it at once: the one that is published already, or else a new one. Until a new one has been fetched, those who
    /// check signatures refuse what it signs
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// Take away a key that somebody else may have
///
/// Nothing that was made with it is good any more: tokens that it signed are refused as soon as those who check them fetch
/// the keys again, and with a refresh key every login ends that came from it. Another key is used in its place.
#[derive(Args)]
#[command(
    after_help = "Example:\n  gatepass admin server-key retire jxN3fPyvD1cOaWpVvFvLs9Hc0X2V9m0LxQv0cD8sQnA"
)]
struct Retire {
    /// Its id, as the list shows it
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    key_id: String,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl ServerKey {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::List(what) => list(what, context).await,
            Action::Rotate(rotate) => rotate.run(context).await,
            Action::Retire(retire) => retire.run(context).await,
        }
    }
}

impl Rotate {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.which.open(context).await?;
        let key = admin.rotate_server_key(&self.wanted, self.now).await?;
        match self.format.output {
            Format::Json => output::json(&shown(&key)),
            Format::Text => {
                output::line(&key.key_id)?;
                output::note(&format!(
                    "It is used from {} on.",
                    rfc3339(key.activates_at)
                ));
                Ok(())
            }
        }
    }
}

impl Retire {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.which.open(context).await?;
        let successor = admin.retire_server_key(&self.key_id).await?;
        match self.format.output {
            Format::Json => output::json(&json!({
                "retired": self.key_id,
                "successor": successor.as_ref().map(shown),
            })),
            Format::Text => {
                if let Some(key) = successor {
                    output::line(&key.key_id)?;
                    output::note("It is used in place of the retired one.");
                }
                Ok(())
            }
        }
    }
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    let keys = list.which.open(context).await?.server_keys().await?;
    let row = |key: &server::ServerKey| {
        let at = match key.retired_at {
            Some(at) => format!("since {}", rfc3339(at)),
            None => format!("from {}", rfc3339(key.activates_at)),
        };
        [
            key.key_id.clone(),
            key.purpose.clone(),
            key.alg.clone(),
            format!("{} {at}", key.state),
        ]
    };
    let heading = ["KEY", "PURPOSE", "ALG", "STATE"];
    List::print(&list.format, &keys, shown, heading, row)
}

fn shown(key: &server::ServerKey) -> Value {
    json!({
        "key_id": key.key_id,
        "purpose": key.purpose,
        "alg": key.alg,
        "state": key.state,
        "created_at": key.created_at.as_secs(),
        "activates_at": key.activates_at.as_secs(),
        "retired_at": key.retired_at.map(|moment| moment.as_secs()),
    })
}
