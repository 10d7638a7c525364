//! `gatepass jwt decode`.

use clap::Args;
use gatepass_http::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};

use super::TokenArgs;
use super::unverified::{Unverified, is_moment, moment};
use crate::commands::report::{self, Check, one_line};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};
use crate::time;

/// Show what a token says, without believing it
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass jwt decode < token
  gatepass token work | gatepass jwt decode
  gatepass jwt decode --profile work --output json")]
pub(super) struct Decode {
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    format: OutputArgs,
}

/// The members that people look for first, in this order.
const FIRST: [&str; 12] = [
    "alg",
    "typ",
    "kid",
    "iss",
    "sub",
    "aud",
    "client_id",
    "scope",
    "iat",
    "nbf",
    "exp",
    "jti",
];

impl Decode {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let token = self.token.read(context).await?;
        let token = Unverified::read(&token).map_err(Failure::error)?;
        let warnings = token.warnings(SystemClock.now());
        match self.format.output {
            Format::Json => output::json(&json!({
                "verified": false,
                "header": token.header,
                "claims": token.claims,
                "warnings": warnings,
            }))?,
            Format::Text => output::bytes(told(&token, warnings).as_bytes())?,
        }
        Ok(Exit::Done)
    }
}

fn told(token: &Unverified, warnings: Vec<String>) -> String {
    let bold = |text: &str| output::painted(text, "1", Stream::Result);
    let mut text = format!("{}\n{}", bold("Header"), members(&token.header));
    if let Some(claims) = &token.claims {
        text.push_str(&format!("\n{}\n{}", bold("Claims"), members(claims)));
    }
    let mut remarks = vec![Check::odd(
        "not verified",
        "anybody could have written this; `gatepass jwt verify` checks it",
    )];
    let warnings = warnings.into_iter().map(|warning| Check::odd("", warning));
    remarks.extend(warnings);
    text.push('\n');
    text.push_str(&report::told(&remarks));
    text
}

fn members(object: &Map<String, Value>) -> String {
    let mut sorted: Vec<(&String, &Value)> = object.iter().collect();
    let place = |name: &str| FIRST.iter().position(|first| *first == name);
    sorted.sort_by_key(|(name, _)| place(name).unwrap_or(FIRST.len()));
    let wide = sorted.iter().map(|(name, _)| name.chars().count()).max();
    let wide = wide.unwrap_or_default();
    let mut text = String::new();
    for (name, value) in sorted {
        let mut shown = match value {
            Value::String(text) => one_line(text),
            other => one_line(&other.to_string()),
        };
        if let Some(moment) = moment(value).filter(|_| is_moment(name)) {
            let (date, distance) = (time::rfc3339(moment), time::distance(moment));
            shown = format!("{shown}  {date}, {distance}");
        }
        text.push_str(&format!("  {:<wide$}  {shown}\n", one_line(name)));
    }
    text
}
