//! `gatepass introspect`.

use std::fmt::Write as _;

use clap::Args;
use gatepass_client::Timestamp;
use gatepass_proto::message::introspection::IntrospectionResponse;
use serde_json::Value;

use super::Run;
use super::report::one_line;
use crate::context::{Context, NetworkArgs, TimeoutArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};
use crate::secrets::{Named, SecretArgs};
use crate::time;

/// Ask the server what a token is worth (RFC 7662)
///
/// The token is that of the profile, renewed first if need be; or one that is read elsewhere, which is asked about with the
/// profile's client. The exit code is 5 when the token is not good.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass introspect work
  gatepass introspect work --output json | jq .exp
  pbpaste | gatepass introspect work --token-stdin")]
pub(crate) struct Introspect {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    token: SecretArgs<Token>,
    #[command(flatten)]
    timeout: TimeoutArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
}

struct Token;

impl Named for Token {
    const OPTION: &'static str = "token";
    const WORDS: &'static str = "the token";
}

impl Run for Introspect {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let egress = self.timeout.within(self.network.egress()?);
        let session = context.session_by(&profile, egress, None)?;
        let token = self.token.read_given().await?;
        let answer = session
            .introspect(token)
            .await
            .map_err(|error| Failure::of_profile(error, profile.name.as_str()))?;
        match self.format.output {
            Format::Json => output::json(&answer)?,
            Format::Text => output::bytes(output::tame(&told(&answer)).as_bytes())?,
        }
        Ok(match answer.active {
            true => Exit::Done,
            false => Exit::Refused,
        })
    }
}

fn told(answer: &IntrospectionResponse) -> String {
    let (words, colour) = match answer.active {
        true => ("active", "32"),
        false => ("not active", "31"),
    };
    let mut text = format!("{}\n", output::painted(words, colour, Stream::Result));
    let moment = |seconds: Option<u64>| {
        let moment = Timestamp::from_secs(seconds?);
        Some(format!(
            "{} ({})",
            time::rfc3339(moment),
            time::distance(moment)
        ))
    };
    let members = [
        ("client", answer.client_id.as_ref().map(ToString::to_string)),
        ("subject", answer.sub.clone()),
        ("scope", answer.scope.as_ref().map(ToString::to_string)),
        (
            "audience",
            Some(answer.aud.join(" ")).filter(|list| !list.is_empty()),
        ),
        ("issuer", answer.iss.clone()),
        ("type", answer.token_type.clone()),
        ("issued", moment(answer.iat)),
        ("expires", moment(answer.exp)),
        ("id", answer.jti.clone()),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            tell(&mut text, name, &value);
        }
    }
    for (name, value) in &answer.extra {
        match value {
            Value::String(value) => tell(&mut text, name, value),
            value => tell(&mut text, name, &value.to_string()),
        }
    }
    text
}

fn tell(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {:<9} {}", one_line(name), one_line(value));
}
