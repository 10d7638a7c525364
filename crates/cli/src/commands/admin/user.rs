//! `gatepass admin user`.

use clap::{Args, Subcommand};
use gatepass_proto::decide::record;
use serde_json::json;

use super::{List, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::secrets::{Named, SecretArgs};
use crate::time::rfc3339;

/// Users: people with a password
#[derive(Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Add),
    /// List the users
    #[command(after_help = "Example:\n  gatepass admin user list")]
    List(List),
}

/// Add a user
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user add me
  pass show me | gatepass admin user add me --password-stdin")]
struct Add {
    /// What they type to log in
    name: String,
    #[command(flatten)]
    password: SecretArgs<Password>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// A user's password.
struct Password;

impl Named for Password {
    const OPTION: &'static str = "password";
    const WORDS: &'static str = "the password";
}

impl User {
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
        let password = self.password.read_new().await?;
        let user = admin.add_user(&self.name, &password).await?;
        match self.format.output {
            Format::Json => output::json(&shown(&user)),
            Format::Text => {
                output::line(&format!("added user {} ({})", user.username, user.user_id))
            }
        }
    }
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    let users = list.which.open(context).await?.users().await?;
    let row = |user: &record::User| {
        let locked = user
            .locked_at
            .map(rfc3339)
            .unwrap_or_else(|| "-".to_owned());
        [
            user.username.clone(),
            user.user_id.to_string(),
            rfc3339(user.created_at),
            locked,
        ]
    };
    List::print(
        &list.format,
        &users,
        shown,
        ["NAME", "ID", "ADDED", "LOCKED"],
        row,
    )
}

fn shown(user: &record::User) -> serde_json::Value {
    json!({
        "user_id": user.user_id.as_str(),
        "username": user.username,
        "created_at": user.created_at.as_secs(),
        "locked_at": user.locked_at.map(|moment| moment.as_secs()),
    })
}
