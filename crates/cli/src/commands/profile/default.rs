//! `gatepass profile use`.

use clap::Args;
use gatepass_client::{Config, ProfileName};

use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// Make a profile the default one: the one that is meant when none is named
#[derive(Args)]
#[command(after_help = "Example:\n  gatepass profile use work")]
pub(super) struct Use {
    /// The profile
    profile: ProfileName,
}

impl Use {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        Config::set_default(&context.paths, &self.profile).map_err(gatepass_client::Error::from)?;
        output::note(&format!("{} is the default profile now.", self.profile));
        Ok(())
    }
}
