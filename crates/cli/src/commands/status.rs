//! `gatepass status`.

use clap::Args;
use gatepass_client::{Credential, Origin, Profile, Scope, Status as Known, TokenState};
use serde_json::{Value, json};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, OutputArgs, Stream};
use crate::time;

/// Tell how the tokens stand, without the network: expiry, account, scope, where they are kept
///
/// The exit code is 4 when one of the profiles needs a login.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass status                       a table of all profiles
  gatepass status work                  all that is known of one
  gatepass status work --output json
  gatepass status work > /dev/null || gatepass login work")]
pub(crate) struct Status {
    /// The profiles [default: all of them]
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    format: OutputArgs,
}

impl Run for Status {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let config = context.config()?;
        let profiles: Vec<&Profile> = match self.profiles.as_slice() {
            [] => config.profiles.values().collect(),
            names => names
                .iter()
                .map(|name| config.profile(Some(name)))
                .collect::<Result<_, _>>()
                .map_err(gatepass_client::Error::from)?,
        };
        let mut known = Vec::new();
        for profile in profiles {
            let session = context.session(profile, &self.network, None)?;
            known.push((profile, session.status().await?));
        }
        match (self.format.output, self.profiles.len()) {
            (Format::Json, _) => output::json(&known.iter().map(shown).collect::<Vec<_>>())?,
            (Format::Text, 1) => {
                let blocks: Vec<String> = known.iter().map(told).collect();
                output::bytes(blocks.join("\n").as_bytes())?;
            }
            (Format::Text, _) if known.is_empty() => {
                output::note("There are no profiles yet; make one with `gatepass profile add`.");
            }
            (Format::Text, _) => table(&known)?,
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

type Row<'a> = (&'a Profile, Known);

/// Whose the credential is: who logged in, or whose name and password it is.
fn account((profile, status): &Row<'_>) -> Option<String> {
    let named = || {
        let profile = serde_json::to_value(profile).ok()?;
        Some(profile.get("username")?.as_str()?.to_owned())
    };
    status
        .account
        .clone()
        .or_else(named)
        .map(|name| output::tame(&name))
}

/// A row a profile; below them how the tokens are kept, for that is long and mostly the same.
fn table(known: &[Row<'_>]) -> Result<(), Failure> {
    let mut ways: Vec<(String, Vec<&str>)> = Vec::new();
    let mut rows = Vec::new();
    for one in known {
        let (profile, status) = one;
        let place = status
            .place
            .as_deref()
            .map(at_home)
            .unwrap_or_else(|| "-".to_owned());
        let (place, way) = place
            .split_once(" (")
            .map_or((place.as_str(), ""), |(place, way)| {
                (place, way.trim_end_matches(')'))
            });
        rows.push(row(one, place));
        match ways.iter_mut().find(|(known, _)| known == way) {
            Some((_, names)) => names.push(profile.name.as_str()),
            None if !way.is_empty() => ways.push((way.to_owned(), vec![profile.name.as_str()])),
            None => {}
        }
    }
    output::table(
        ["PROFILE", "TOKEN", "EXPIRES", "ACCOUNT", "SCOPE", "KEPT IN"],
        &rows,
    )?;
    for (way, names) in ways {
        output::line(&format!("\n{}: {way}", names.join(", ")))?;
    }
    Ok(())
}

fn row(known: &Row<'_>, place: &str) -> [String; 6] {
    let (profile, status) = known;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let scope = status.scope.as_ref().filter(|scope| !scope.is_empty());
    [
        profile.name.to_string(),
        match status.state {
            TokenState::NotNeeded => profile.credential.method().to_owned(),
            TokenState::Valid => "valid".to_owned(),
            TokenState::Renewable => "renewable".to_owned(),
            TokenState::LoginNeeded => "login needed".to_owned(),
        },
        or_dash(status.expires_at.map(time::distance)),
        or_dash(account(known)),
        or_dash(scope.map(Scope::to_string)),
        place.to_owned(),
    ]
}

/// The home folder is `~` to people.
fn at_home(place: &str) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    match home.trim_end_matches('/') {
        "" => place.to_owned(),
        home => place.replace(&format!("{home}/"), "~/"),
    }
}

fn told(known: &Row<'_>) -> String {
    let (profile, status) = known;
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
    if let Some(failed) = &status.failed {
        line(
            "renewal",
            format!(
                "failed {} ({})",
                time::distance(failed.at),
                output::tame(&failed.reason)
            ),
        );
    }
    if let Some(account) = account(known) {
        line("account", account);
    }
    if let Some(scope) = status.scope.as_ref().filter(|scope| !scope.is_empty()) {
        line("scope", scope.to_string());
    }
    if let Some(issuer) = &status.issuer {
        line("issuer", issuer.clone());
    }
    if !resource(known).is_empty() {
        line("resource", resource(known).join(" "));
    }
    if status.dpop {
        line("bound to", "a key of its own (DPoP)".to_owned());
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

/// What its tokens are asked for (RFC 8707).
fn resource<'a>((profile, _): &Row<'a>) -> &'a [String] {
    match &profile.credential {
        Credential::OAuth(oauth) => &oauth.resource,
        _ => &[],
    }
}

fn shown(known: &Row<'_>) -> Value {
    let (profile, status) = known;
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
        "account": account(known),
        "obtained_at": status.obtained_at.map(|moment| moment.as_secs()),
        "expires_at": status.expires_at.map(|end| end.as_secs()),
        "expires_in": status.expires_at.map(|end| time::until(end).as_secs()),
        "scope": status.scope,
        "issuer": status.issuer,
        "resource": resource(known),
        "dpop": status.dpop,
        "failed_renewal": status.failed.as_ref().map(|failed| json!({
            "at": failed.at.as_secs(),
            "until": failed.until.as_secs(),
            "times": failed.times,
            "reason": failed.reason,
        })),
        "stored_in": status.place,
    })
}
