//! `gatepass login`.

use std::time::Duration;

use clap::Args;
use gatepass_client::{LoginOptions, LoginWay, Status, TokenState};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::person::{self, AtTerminal};
use crate::{output, time};

/// Log in, and keep the token
///
/// For OAuth 2 the browser opens (what BROWSER names, else the system's own), and comes back to this machine. The link is
/// printed too, for a browser elsewhere; then use --paste.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass login work
  gatepass login work --no-browser      only print the link
  gatepass login work --paste           paste what the browser ended with")]
pub(crate) struct Login {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    /// Only print the link
    #[arg(long)]
    no_browser: bool,
    /// Paste the code, or the address the browser ended at; for a browser on another machine
    #[arg(long)]
    paste: bool,
    /// How long to wait for you
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Login {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        let session = context.session(&profile, &self.network, None)?;
        let browser = person::browser(!self.no_browser);
        let options = LoginOptions {
            way: if self.paste {
                LoginWay::Paste
            } else {
                LoginWay::Auto
            },
            browser: browser.clone(),
            patience: Duration::from_secs(self.timeout),
            ..LoginOptions::default()
        };
        let status = session.login(&AtTerminal::with(browser), &options).await?;
        output::note(&told(profile.name.as_str(), &status));
        Ok(Exit::Done)
    }
}

fn told(name: &str, status: &Status) -> String {
    if status.state == TokenState::NotNeeded {
        return format!(
            "Nothing to log in to: {name} sends its secret as it is, and that can be read."
        );
    }
    let mut text = format!("Logged in to {name}");
    if let Some(scope) = status.scope.as_ref().filter(|scope| !scope.is_empty()) {
        text.push_str(&format!(", scope {scope}"));
    }
    if let Some(end) = status.expires_at {
        text.push_str(&format!("; the token expires {}", time::distance(end)));
    }
    text.push('.');
    text
}
