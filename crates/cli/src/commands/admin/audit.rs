//! `gatepass admin audit`.

use clap::Args;
use gatepass_client::Timestamp;
use gatepass_proto::ClientId;
use gatepass_proto::decide::change::AuditLine;
use gatepass_server::AuditFilter;
use serde_json::{Value, json};

use super::List;
use crate::context::Context;
use crate::exit::Failure;
use crate::time::rfc3339;

/// Show the audit log, the newest first
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin audit
  gatepass admin audit --user me --since 2026-01-31T00:00:00Z --output json
  gatepass admin audit --event refresh.replayed")]
pub(super) struct Audit {
    /// Only about this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only about this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only this event, or all whose name begins so: "user" for "user.locked"
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// Only since then, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// The most lines
    #[arg(long, value_name = "NUMBER", default_value = "100")]
    limit: u32,
    #[command(flatten)]
    list: List,
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = AuditFilter {
            username: self.user,
            client_id: self.client.map(ClientId::new),
            event: self.event,
            since: self.since,
        };
        let admin = self.list.which.open(context).await?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let lines = admin.audit(&filter, limit).await?;
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let row = |line: &AuditLine| {
            [
                rfc3339(line.at),
                line.event.clone(),
                or_dash(line.user_id.as_ref().map(ToString::to_string)),
                or_dash(line.client_id.as_ref().map(ToString::to_string)),
                or_dash(line.grant_id.as_ref().map(ToString::to_string)),
            ]
        };
        let heading = ["TIME", "EVENT", "USER", "CLIENT", "GRANT"];
        List::print(&self.list.format, &lines, shown, heading, row)
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let read: jiff::Timestamp = text
        .parse()
        .map_err(|_| "expected a time such as 2026-01-31T12:00:00Z".to_owned())?;
    let secs = u64::try_from(read.as_second()).map_err(|_| "before 1970".to_owned())?;
    Ok(Timestamp::from_secs(secs))
}

fn shown(line: &AuditLine) -> Value {
    json!({
        "line": line.line,
        "at": line.at.as_secs(),
        "time": rfc3339(line.at),
        "event": line.event,
        "user_id": line.user_id.as_ref().map(|id| id.as_str()),
        "client_id": line.client_id.as_ref().map(|id| id.as_str()),
        "grant_id": line.grant_id.as_ref().map(ToString::to_string),
    })
}
