//! `gatepass refresh`.

use clap::Args;
use serde_json::json;

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs};
use crate::time;

/// Renew a profile's token now, whatever is left of it
///
/// Programs need not do this: whatever uses a token renews it in time. It is for a token whose rights have changed at the
/// server, and to see whether renewing works. Nobody is asked: when only a login helps, the exit code is 4.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass refresh work
  gatepass refresh work --output json | jq .expires_at")]
pub(crate) struct Refresh {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    format: OutputArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Refresh {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let name = profile.name.as_str();
        if !profile.credential.makes_tokens() {
            let method = profile.credential.method();
            return Err(Failure::usage(format!(
                "there is nothing to renew: {name} sends its secret as it is (method {method})"
            )));
        }
        let token = context
            .session(&profile, &self.network, None)?
            .refresh()
            .await
            .map_err(|error| Failure::of_profile(error, name))?;
        let end = token.expires_at;
        match self.format.output {
            Format::Json => output::json(&json!({
                "profile": name,
                "expires_at": end.map(|end| end.as_secs()),
                "expires_in": end.map(|end| time::until(end).as_secs()),
                "scope": token.scope,
                "issuer": token.issuer,
            }))?,
            Format::Text => output::note(&match end {
                Some(end) => format!(
                    "Renewed the token of {name}; it expires {} ({}).",
                    time::distance(end),
                    time::rfc3339(end)
                ),
                None => {
                    format!("Renewed the token of {name}; its server does not say when it expires.")
                }
            }),
        }
        Ok(Exit::Done)
    }
}
