//! `gatepass admin session`.

use clap::{Args, Subcommand};
use gatepass_proto::Digest;
use gatepass_proto::decide::record;
use serde_json::{Value, json};

use super::{List, ListOf, Which};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

/// Sessions: browsers in which users are logged in
#[derive(Args)]
pub(super) struct Session {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List where a user is logged in
    #[command(after_help = "Example:\n  gatepass admin session list me")]
    List(ListOf),
    End(End),
}

/// End logins; tokens that clients have go on
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin session end 7r9K…
  gatepass admin session end --user me")]
struct End {
    /// The session, as the list names it
    #[arg(value_name = "SESSION", value_parser = digest, allow_hyphen_values = true, required_unless_present = "user")]
    session: Option<Digest>,
    /// All of this user
    #[arg(long, value_name = "NAME", conflicts_with = "session")]
    user: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Session {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::List(what) => list(what, context).await,
            Action::End(end) => end.run(context).await,
        }
    }
}

async fn list(what: ListOf, context: &Context) -> Result<(), Failure> {
    let admin = what.list.which.open(context).await?;
    let sessions = admin.sessions(&what.user).await?;
    let row = |session: &record::Session| {
        [
            session.digest.to_base64url(),
            rfc3339(session.auth_time),
            rfc3339(session.expires_at),
            session.details.user_agent.clone().unwrap_or_default(),
        ]
    };
    let heading = ["ID", "LOGGED IN", "ENDS", "BROWSER"];
    List::print(&what.list.format, &sessions, shown, heading, row)
}

impl End {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let admin = self.which.open(context).await?;
        let ended = match (self.session, &self.user) {
            (Some(session), _) => {
                admin.end_session(session).await?;
                1
            }
            (None, Some(user)) => admin.end_sessions_of(user).await?,
            (None, None) => 0,
        };
        match self.format.output {
            Format::Json => output::json(&json!({ "ended": ended })),
            Format::Text => output::line(&format!("ended {ended}")),
        }
    }
}

fn digest(text: &str) -> Result<Digest, &'static str> {
    let digest = Digest::from_base64url(text);
    digest.ok_or("this is no session's id; see `gatepass admin session list`")
}

/// The id is the digest of the cookie: it opens nothing.
fn shown(session: &record::Session) -> Value {
    json!({
        "session_id": session.digest.to_base64url(),
        "user_id": session.user_id.as_str(),
        "auth_time": session.auth_time.as_secs(),
        "expires_at": session.expires_at.as_secs(),
        "user_agent": session.details.user_agent,
    })
}
