//! `gatepass admin key`.

use clap::{Args, Subcommand};
use gatepass_proto::Scope;
use gatepass_proto::decide::record;
use serde_json::{Value, json};

use super::{List, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

/// API keys: what a user's programs present instead of a token
#[derive(Args)]
pub(super) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Add),
    /// List the API keys
    #[command(after_help = "Example:\n  gatepass admin key list")]
    List(List),
}

/// Make an API key, which is printed this once
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass admin key add nightly-report --user me --scope read")]
struct Add {
    /// What lists and logs call it
    name: String,
    /// On whose behalf it acts
    #[arg(long, value_name = "NAME")]
    user: String,
    /// What it opens, separated by spaces
    #[arg(long, value_name = "SCOPES")]
    scope: Scope,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Key {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Add(add) => add.run(context).await,
            Action::List(what) => list(what, context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.which.open(context).await?;
        let (key, secret) = admin.add_key(&self.name, &self.user, self.scope).await?;
        match self.format.output {
            Format::Json => {
                let mut value = shown(&key);
                if let Some(members) = value.as_object_mut() {
                    members.insert("api_key".to_owned(), secret.expose().into());
                }
                output::json(&value)
            }
            Format::Text => {
                output::line(secret.expose())?;
                output::note("The key is not shown again; keep it where secrets are kept.");
                Ok(())
            }
        }
    }
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    let keys = list.which.open(context).await?.keys().await?;
    let row = |key: &record::ApiKey| {
        let state = if key.revoked_at.is_some() {
            "revoked"
        } else {
            "good"
        };
        let (scope, added) = (key.scope.to_string(), rfc3339(key.created_at));
        [
            key.name.clone(),
            key.user_id.to_string(),
            scope,
            added,
            state.to_owned(),
        ]
    };
    List::print(
        &list.format,
        &keys,
        shown,
        ["NAME", "USER", "SCOPE", "ADDED", "STATE"],
        row,
    )
}

fn shown(key: &record::ApiKey) -> Value {
    json!({
        "name": key.name,
        "user_id": key.user_id.as_str(),
        "scope": key.scope,
        "created_at": key.created_at.as_secs(),
        "expires_at": key.expires_at.map(|moment| moment.as_secs()),
        "revoked_at": key.revoked_at.map(|moment| moment.as_secs()),
    })
}
