//! `gatepass profile remove`.

use clap::Args;
use gatepass_client::{Config, ProfileName};

use crate::commands::logout;
use crate::context::{Context, NetworkArgs};
use crate::exit::Failure;
use crate::output;

/// Remove a profile; its token is revoked and forgotten first
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile remove work")]
pub(super) struct Remove {
    /// The profile
    profile: ProfileName,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Remove {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let profile = context.profile(Some(self.profile.as_str()))?;
        if profile.credential.makes_tokens() {
            logout::log_out(&profile, &self.network, context).await?;
        }
        Config::remove(&context.paths, &self.profile).map_err(gatepass_client::Error::from)?;
        output::note(&format!("Removed profile {}.", self.profile));
        Ok(())
    }
}
