//! What the server says of a user to clients, as `gatepass admin user` takes it.

use clap::Args;
use gatepass_server::ClaimChanges;

use crate::exit::Failure;

#[derive(Args)]
pub(super) struct Claims {
    /// Their full name, which clients may ask for
    #[arg(long = "name", id = "full_name", value_name = "TEXT")]
    name: Option<String>,
    /// Their e-mail address; it counts as not verified until --claim email_verified=true
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A claim (OpenID Connect Core 5.1, or any other), as text or JSON; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
}

impl Claims {
    /// What is to be changed.
    pub(super) fn changes(&self) -> Result<ClaimChanges, Failure> {
        let mut changes = ClaimChanges::new();
        if let Some(name) = &self.name {
            changes.set("name", name)?;
        }
        if let Some(address) = &self.email {
            changes.email(address)?;
        }
        for claim in &self.claims {
            let (name, value) = claim
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--claim {claim:?} is not NAME=VALUE")))?;
            changes.set(name, value)?;
        }
        Ok(changes)
    }
}
