//! `gatepass admin client invite`.

use std::time::Duration;

use clap::Args;
use gatepass_http::{Clock as _, SystemClock};
use serde_json::json;

use super::Which;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, Format, OutputArgs};
use crate::time::rfc3339;

const DAY: u64 = 24 * 3600;

/// Make an initial access token, by which a program may register itself; it is printed this once
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin client invite
  gatepass admin client invite --uses 20 --days 1

The server takes them with `gatepass serve --registration invited`.")]
pub(super) struct Invite {
    /// How many clients may be registered by it
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    uses: u32,
    /// For how many days it is good
    #[arg(long, value_name = "NUMBER", default_value = "7", value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Invite {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let lifetime = Duration::from_secs(self.days * DAY);
        let admin = self.which.open(context).await?;
        let token = admin.invite_clients(self.uses, lifetime).await?;
        let ends = SystemClock.now() + lifetime;
        match self.format.output {
            Format::Json => output::json(&json!({
                "initial_access_token": token.expose(),
                "uses": self.uses,
                "expires_at": ends.as_secs(),
            })),
            Format::Text => {
                output::line(token.expose())?;
                output::note(&format!(
                    "The token is not shown again. It is good until {}.",
                    rfc3339(ends)
                ));
                Ok(())
            }
        }
    }
}
