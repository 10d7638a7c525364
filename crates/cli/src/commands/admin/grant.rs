//! `gatepass admin grant`.

use clap::{Args, Subcommand};
use gatepass_proto::decide::record;
use gatepass_proto::{ClientId, GrantId};
use serde_json::{Value, json};

use super::{List, ListOf, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

/// Grants: what users allowed clients to do
#[derive(Args)]
pub(super) struct Grant {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List what a user allowed, those that are over included
    #[command(after_help = "Example:\n  gatepass admin grant list me --output json")]
    List(ListOf),
    Revoke(Revoke),
}

/// Withdraw grants, and with them every token that came from them
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin grant revoke 2vE2mQKhRk2pQ8w6yX0n3A
  gatepass admin grant revoke --user me --client cl_1f2e
  gatepass admin grant revoke --user me")]
struct Revoke {
    /// The grant
    #[arg(value_name = "GRANT", value_parser = grant_id, allow_hyphen_values = true, required_unless_present = "user")]
    grant: Option<GrantId>,
    /// All that this user allowed
    #[arg(long, value_name = "NAME", conflicts_with = "grant")]
    user: Option<String>,
    /// And only to this client
    #[arg(long, value_name = "ID", requires = "user")]
    client: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Grant {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::List(what) => list(what, context).await,
            Action::Revoke(revoke) => revoke.run(context).await,
        }
    }
}

async fn list(what: ListOf, context: &Context) -> Result<(), Failure> {
    let admin = what.list.which.open(context).await?;
    let grants = admin.grants(&what.user).await?;
    let row = |grant: &record::Grant| {
        let state = match grant.revoked_at {
            Some(at) => format!("revoked {}", rfc3339(at)),
            None => format!("until {}", rfc3339(grant.expires_at)),
        };
        [
            grant.grant_id.to_string(),
            grant.client_id.to_string(),
            grant.scope.to_string(),
            rfc3339(grant.created_at),
            state,
        ]
    };
    let heading = ["ID", "CLIENT", "SCOPE", "GIVEN", "STATE"];
    List::print(&what.list.format, &grants, shown, heading, row)
}

impl Revoke {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.which.open(context).await?;
        let revoked = match (self.grant, &self.user) {
            (Some(grant), _) => {
                admin.revoke_grant(grant).await?;
                1
            }
            (None, Some(user)) => {
                let client = self.client.map(ClientId::new);
                admin.revoke_grants_of(user, client.as_ref()).await?
            }
            (None, None) => 0,
        };
        match self.format.output {
            Format::Json => output::json(&json!({ "revoked": revoked })),
            Format::Text => output::line(&format!("revoked {revoked}")),
        }
    }
}

fn grant_id(text: &str) -> Result<GrantId, &'static str> {
    GrantId::parse(text).ok_or("this is no grant's id; see `gatepass admin grant list`")
}

fn shown(grant: &record::Grant) -> Value {
    json!({
        "grant_id": grant.grant_id.to_string(),
        "client_id": grant.client_id.as_str(),
        "user_id": grant.user_id.as_str(),
        "scope": grant.scope,
        "audience": grant.audience,
        "refresh": grant.family.is_some(),
        "created_at": grant.created_at.as_secs(),
        "expires_at": grant.expires_at.as_secs(),
        "revoked_at": grant.revoked_at.map(|moment| moment.as_secs()),
    })
}
