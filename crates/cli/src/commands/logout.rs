//! `gatepass logout`.

use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use gatepass_client::{
    Browser as _, LogoutReport, Profile, Session, SessionBuilder, SystemBrowser,
};
use gatepass_http::Transport;
use gatepass_proto::flow::Unreachable;
use http::{Request, Response};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Revoke a profile's token at the server, and forget it here
///
/// It is forgotten even if the server cannot be told; that is an error all the same, for whoever has a copy can go on
/// using it. The browser stays logged in at the server, unless --browser is said.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass logout work
  gatepass logout work --browser      log the browser out at the server too
  gatepass logout --all")]
pub(crate) struct Logout {
    /// The profile [default: the default one, or the only one]
    #[arg(conflicts_with = "all")]
    profile: Option<String>,
    /// Every profile
    #[arg(long)]
    all: bool,
    /// Open the page that logs the browser out at the server too
    #[arg(long)]
    browser: bool,
    /// Delete the client at the server, where it registered itself (RFC 7592)
    #[arg(long)]
    unregister: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Logout {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if !self.all {
            let profile = context.profile(self.profile.as_deref())?;
            self.end(&profile, context).await?;
            return Ok(Exit::Done);
        }
        let config = context.config()?;
        let mut first = None;
        for profile in config.profiles.values() {
            if profile.credential.makes_tokens()
                && let Err(failure) = self.end(profile, context).await
            {
                // The others are logged out all the same.
                if let Some(before) = first.replace(failure) {
                    output::failure(&before);
                }
            }
        }
        first.map_or(Ok(Exit::Done), Err)
    }
}

impl Logout {
    async fn end(&self, profile: &Profile, context: &Context) -> Result<(), Failure> {
        let egress = self.network.egress()?;
        let session = match context.session_by(profile, egress, None) {
            Ok(session) => session,
            Err(failure) => {
                let report = log_out_here(profile, context, &failure).await?;
                output::note(&told(profile, &report));
                return Err(failure);
            }
        };
        if self.browser {
            open_page(profile, &session).await;
        }
        let report = session.logout().await?;
        output::note(&told(profile, &report));
        if self.unregister {
            unregister(profile, &session, context).await?;
        }
        match report {
            LogoutReport::NotRevoked(error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Revokes and forgets, and tells what was done.
///
/// # Errors
///
/// The stored token cannot be read or removed.
pub(super) async fn log_out(
    profile: &Profile,
    network: &NetworkArgs,
    context: &Context,
) -> Result<LogoutReport, Failure> {
    let report = match context.session_by(profile, network.egress()?, None) {
        Ok(session) => session.logout().await?,
        Err(failure) => {
            output::note(&output::tame(&format!("note: {failure}")));
            log_out_here(profile, context, &failure).await?
        }
    };
    output::note(&told(profile, &report));
    Ok(report)
}

/// Forgets the token of a profile that has no way to its server, as when the file of its certificate is missing.
async fn log_out_here(
    profile: &Profile,
    context: &Context,
    failure: &Failure,
) -> Result<LogoutReport, Failure> {
    let here = Profile {
        certificate: None,
        ca: None,
        ..profile.clone()
    };
    let builder = SessionBuilder::of(&here, &context.paths)?;
    let nowhere = Arc::new(Nowhere(failure.to_string()));
    Ok(builder.network(nowhere).build()?.logout().await?)
}

/// No way to anybody, for this reason.
struct Nowhere(String);

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        let reason = self.0.clone();
        Err(Unreachable { reason })
    }
}

fn told(profile: &Profile, report: &LogoutReport) -> String {
    let name = &profile.name;
    match report {
        LogoutReport::NothingStored => format!("There was no token of {name}."),
        LogoutReport::Revoked => {
            format!("Logged out of {name}: revoked at the server, forgotten here.")
        }
        LogoutReport::Forgotten => format!(
            "Forgot the token of {name}. Its server cannot revoke; it is good until it expires."
        ),
        LogoutReport::NotRevoked(_) => format!(
            "Forgot the token of {name}, but it could not be revoked; it is good until it expires."
        ),
    }
}

/// The page shows whose session it ends by the ID token, so it comes before the token is forgotten. What fails here
/// keeps nobody logged in.
async fn open_page(profile: &Profile, session: &Session) {
    let name = &profile.name;
    match session.logout_url().await {
        Ok(Some(url)) => {
            output::note(&format!("Log the browser out:\n\n  {url}\n"));
            if let Err(reason) = SystemBrowser.open(&url) {
                output::note(&format!(
                    "The browser could not be opened ({reason}); open the link yourself."
                ));
            }
        }
        Ok(None) => output::note(&format!(
            "The server of {name} has no page that logs the browser out."
        )),
        Err(error) => output::note(&format!(
            "The page that logs the browser out is not known: {error}."
        )),
    }
}

async fn unregister(
    profile: &Profile,
    session: &Session,
    context: &Context,
) -> Result<(), Failure> {
    let name = &profile.name;
    let Some(client) = session.registration().await? else {
        output::note(&format!("{name} has no client that registered itself."));
        return Ok(());
    };
    session.unregister().await?;
    output::note(&match client.registration_client_uri {
        Some(_) => format!("Deleted the client {} at the server.", client.client_id),
        None => format!(
            "Forgot the client {}; its server deletes none by itself.",
            client.client_id
        ),
    });
    let others = sharing(profile, context)?;
    if !others.is_empty() {
        output::note(&format!(
            "It was the client of {} too; they need a login now.",
            others.join(", ")
        ));
    }
    Ok(())
}

/// The other profiles whose client was the same: a client that registers itself does so once for an issuer.
fn sharing(profile: &Profile, context: &Context) -> Result<Vec<String>, Failure> {
    let registered = |profile: &Profile| match &profile.credential {
        gatepass_client::Credential::OAuth(oauth) if oauth.registers() => oauth.issuer.clone(),
        _ => None,
    };
    let issuer = registered(profile);
    let config = context.config()?;
    let others = config.profiles.values().filter(|other| {
        other.name != profile.name && issuer.is_some() && registered(other) == issuer
    });
    Ok(others.map(|other| other.name.to_string()).collect())
}
