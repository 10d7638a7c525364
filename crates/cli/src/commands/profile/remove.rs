//! `gatepass profile remove`.

use clap::Args;
use gatepass_client::{Config, KeyringEntry, ProfileName};

use crate::commands::logout;
use crate::context::{Context, NetworkArgs};
use crate::exit::Failure;
use crate::output;

/// Remove a profile; its token is revoked and forgotten first
///
/// A secret of it that gatepass has put into the keyring goes too, unless another profile uses it. Those that you have put
/// somewhere stay.
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
        let config = context.config()?;
        let profile = config.profile(Some(self.profile.as_str()));
        let profile = profile.map_err(gatepass_client::Error::from)?;
        if profile.credential.makes_tokens() {
            logout::log_out(profile, &self.network, context).await?;
        }
        Config::remove(&context.paths, &self.profile).map_err(gatepass_client::Error::from)?;
        output::note(&format!("Removed profile {}.", self.profile));
        forget(&config.kept_secrets(profile)).await
    }
}

/// Takes secrets out of the keyring, all that it lets go.
async fn forget(secrets: &[KeyringEntry]) -> Result<(), Failure> {
    let mut first = Ok(());
    for entry in secrets {
        let name = entry.to_string();
        match entry.forget().await {
            Ok(false) => {}
            Ok(true) => output::note(&output::tame(&format!(
                "Removed its secret, entry {name:?} of the keyring."
            ))),
            Err(error) => {
                first = first.and(Err(Failure::error(format!(
                    "its secret is still in the keyring, remove it there: {error}"
                ))));
            }
        }
    }
    first
}
