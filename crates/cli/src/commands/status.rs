//! `gatepass status`.

use clap::Args;
use gatepass_client::{Origin, Profile, Status as Known, TokenState};
use serde_json::{Value, json};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};
use crate::time;

/// Tell how the tokens stand, without the network: expiry, scope, where they are kept
///
/// The exit code is 4 when one of the profiles needs a login.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass status
  gatepass status work --output json
  gatepass status work > /dev/null || gatepass login work")]
pub(crate) struct Status {
    /// The profile [default: all of them]
    profile: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
}

impl Run for Status {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profiles: Vec<Profile> = match &self.profile {
            Some(name) => vec![context.profile(Some(name))?],
            None => context.config()?.profiles.into_values().collect(),
        };
        let mut known = Vec::new();
        for profile in profiles {
            let status = context
                .session(&profile, &self.network, None)?
                .status()
                .await?;
            known.push((profile, status));
        }
        match self.format.output {
            Format::Json => output::json(&known.iter().map(shown).collect::<Vec<_>>())?,
            Format::Text if known.is_empty() => {
                output::note("There are no profiles yet; make one with `gatepass profile add`.");
            }
            Format::Text => {
                let blocks: Vec<String> = known.iter().map(told).collect();
                output::bytes(blocks.join("\n").as_bytes())?;
            }
        }
        let needed = known
            .iter()
            .any(|(_, status)| status.state == TokenState::LoginNeeded);
        Ok(if needed {
            Exit::LoginNeeded
        } else {
            Exit::Done
        })
    }
}

fn told((profile, status): &(Profile, Known)) -> String {
    let bold = |text: &str| output::painted(text, "1", Stream::Result);
    let mut text = format!("{}  {}\n", bold(profile.name.as_str()), status.method);
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<9} {value}\n"));
    let state = match status.state {
        TokenState::NotNeeded => "no token needed".to_owned(),
        TokenState::Valid => output::painted("valid", "32", Stream::Result),
        TokenState::Renewable => "no valid token; the next use gets one".to_owned(),
        TokenState::LoginNeeded => {
            let needed = output::painted("login needed", "31", Stream::Result);
            format!("{needed}; run `gatepass login {}`", profile.name)
        }
    };
    line("token", state);
    if let Some(end) = status.expires_at {
        line(
            "expires",
            format!("{} ({})", time::rfc3339(end), time::distance(end)),
        );
    }
    if let Some(scope) = status.scope.as_ref().filter(|scope| !scope.is_empty()) {
        line("scope", scope.to_string());
    }
    if let Some(issuer) = &status.issuer {
        line("issuer", issuer.clone());
    }
    line(
        "goes to",
        status
            .api
            .iter()
            .map(Origin::as_str)
            .collect::<Vec<_>>()
            .join(" "),
    );
    if let Some(place) = &status.place {
        line("kept in", place.clone());
    }
    text
}

fn shown((profile, status): &(Profile, Known)) -> Value {
    json!({
        "profile": profile.name,
        "method": status.method,
        "state": match status.state {
            TokenState::NotNeeded => "not_needed",
            TokenState::Valid => "valid",
            TokenState::Renewable => "renewable",
            TokenState::LoginNeeded => "login_needed",
        },
        "api": status.api,
        "obtained_at": status.obtained_at.map(|moment| moment.as_secs()),
        "expires_at": status.expires_at.map(|end| end.as_secs()),
        "expires_in": status.expires_at.map(|end| time::until(end).as_secs()),
        "scope": status.scope,
        "issuer": status.issuer,
        "stored_in": status.place,
    })
}
