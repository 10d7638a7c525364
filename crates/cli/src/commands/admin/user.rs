//! `gatepass admin user`.

use clap::{Args, Subcommand};
use gatepass_proto::decide::record;
use serde_json::json;

use super::claims::Claims;
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
    Set(Set),
    /// Lock an account: its logins, tokens and refreshes are good for nothing from now on
    #[command(after_help = "Example:\n  gatepass admin user lock me")]
    Lock(One),
    /// Unlock an account
    #[command(after_help = "Example:\n  gatepass admin user unlock me")]
    Unlock(One),
    Password(ChangePassword),
    /// List the users
    #[command(after_help = "Example:\n  gatepass admin user list")]
    List(List),
}

/// Add a user
///
/// A password takes at least 8 characters, better 15 or more, such as four words that do not belong together. One that is easy
/// to guess is refused.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user add me
  gatepass admin user add me --name \"Me Myself\" --email me@example.com
  pass show me | gatepass admin user add me --password-stdin")]
struct Add {
    /// What they type to log in
    name: String,
    #[command(flatten)]
    password: SecretArgs<Password>,
    #[command(flatten)]
    claims: Claims,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// Change what clients may learn of a user
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user set me --email me@example.com --claim email_verified=true
  gatepass admin user set me --claim birthdate=1990-01-31 \\
      --claim 'address={\"country\":\"DE\"}'
  gatepass admin user set me --unset phone_number")]
struct Set {
    /// What they type to log in
    name: String,
    #[command(flatten)]
    claims: Claims,
    /// A claim to take away; may be repeated
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// One user.
#[derive(Args)]
struct One {
    /// What they type to log in
    name: String,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

/// Give a user another password; logins and refresh tokens from before are over
///
/// A password takes at least 8 characters, better 15 or more, such as four words that do not belong together. One that is easy
/// to guess is refused.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin user password me
  pass show me | gatepass admin user password me --password-stdin")]
struct ChangePassword {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    password: SecretArgs<Password>,
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
            Action::Set(set) => set.run(context).await,
            Action::Lock(one) => {
                let user = one.which.open(context).await?.lock_user(&one.name).await?;
                done(&one.format, "locked", &user)
            }
            Action::Unlock(one) => {
                let user = one
                    .which
                    .open(context)
                    .await?
                    .unlock_user(&one.name)
                    .await?;
                done(&one.format, "unlocked", &user)
            }
            Action::Password(change) => change.run(context).await,
            Action::List(what) => list(what, context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let claims = self.claims.changes()?;
        let admin = self.which.open(context).await?;
        let password = self.password.read_new().await?;
        let mut user = admin.add_user(&self.name, &password).await?;
        if !claims.is_empty() {
            user = admin.set_claims(&self.name, &claims).await?;
        }
        match self.format.output {
            Format::Json => output::json(&shown(&user)),
            Format::Text => {
                output::line(&format!("added user {} ({})", user.username, user.user_id))
            }
        }
    }
}

impl Set {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut claims = self.claims.changes()?;
        for name in &self.unset {
            claims.unset(name);
        }
        if claims.is_empty() {
            let text = "say what to change: --name, --email, --claim or --unset";
            return Err(Failure::usage(text));
        }
        let admin = self.which.open(context).await?;
        let user = admin.set_claims(&self.name, &claims).await?;
        match self.format.output {
            Format::Json => output::json(&shown(&user)),
            Format::Text => output::line(&format!("changed user {}", user.username)),
        }
    }
}

impl ChangePassword {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.one.which.open(context).await?;
        let password = self.password.read_new().await?;
        let user = admin.set_password(&self.one.name, &password).await?;
        done(&self.one.format, "changed the password of", &user)
    }
}

fn done(format: &OutputArgs, what: &str, user: &record::User) -> Result<(), Failure> {
    match format.output {
        Format::Json => output::json(&shown(user)),
        Format::Text => output::line(&format!("{what} {}", user.username)),
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
        "claims": user.details.claims,
    })
}
