//! `gatepass logout`.

use clap::Args;
use gatepass_client::{LogoutReport, Profile};

use super::Run;
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Revoke a profile's token at the server, and forget it here
///
/// It is forgotten even if the server cannot be told; that is an error all the same, for whoever has a copy can go on
/// using it.
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass logout work")]
pub(crate) struct Logout {
    /// The profile [default: the default one, or the only one]
    profile: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Run for Logout {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let profile = context.profile(self.profile.as_deref())?;
        match log_out(&profile, &self.network, context).await? {
            LogoutReport::NotRevoked(error) => Err(error.into()),
            _ => Ok(Exit::Done),
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
    let report = context.session(profile, network, None)?.logout().await?;
    let name = profile.name.as_str();
    output::note(&match &report {
        LogoutReport::NothingStored => format!("There was no token of {name}."),
        LogoutReport::Revoked => {
            format!("Logged out of {name}: revoked at the server, forgotten here.")
        }
        LogoutReport::Forgotten => {
            format!(
                "Forgot the token of {name}. Its server cannot revoke; it is good until it expires."
            )
        }
        LogoutReport::NotRevoked(_) => {
            format!(
                "Forgot the token of {name}, but it could not be revoked; it is good until it expires."
            )
        }
    });
    Ok(report)
}
