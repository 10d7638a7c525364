//! `gatepass userinfo`.

use std::fmt::Write as _;

use clap::Args;
use gatepass_proto::message::userinfo::UserInfo;
use serde_json::Value;

use super::Run;
use crate::context::{Context, NetworkArgs, TimeoutArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};

/// Ask the server whose the profile's token is (OpenID Connect UserInfo)
///
/// A token that has expired is renewed first. Nobody is asked: when only a login helps, the exit code is 4.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass userinfo work
  gatepass userinfo work --output json | jq -r .email")]
pub(crate) struct Userinfo {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    timeout: TimeoutArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
}

impl Run for Userinfo {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let egress = self.timeout.within(self.network.egress()?);
        let session = context.session_by(&profile, egress, None)?;
        let answer = session
            .userinfo()
            .await
            .map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
        match self.format.output {
            Format::Json => output::json(&answer.to_json())?,
            Format::Text => output::bytes(output::tame(&told(&answer)).as_bytes())?,
        }
        Ok(Exit::Done)
    }
}

/// A line for each claim; who it is comes first.
fn told(answer: &UserInfo) -> String {
    let claims = answer.claims();
    let wide = claims.keys().map(|name| name.chars().count()).max();
    let wide = wide.unwrap_or_default();
    let mut all: Vec<(&String, &Value)> = claims.iter().collect();
    all.sort_by_key(|(name, _)| name.as_str() != "sub");
    let mut text = String::new();
    for (name, value) in all {
        let value = match value {
            Value::String(own) => own.replace(['\n', '\t'], " "),
            other => other.to_string(),
        };
        let _ = writeln!(text, "{name:<wide$}  {value}");
    }
    text
}
