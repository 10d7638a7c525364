//! Whether and how clients may register themselves.

use clap::{Args, ValueEnum};
use gatepass_proto::Scope;
use gatepass_server::{Admission, RegistrationPolicy};

/// Dynamic registration (RFC 7591).
#[derive(Args)]
pub(super) struct RegistrationArgs {
    /// Which clients may register themselves: closed, invited (with a token of `gatepass admin client invite`) or open
    /// [default: closed; with --dev open]
    #[arg(long, value_name = "WHO", hide_possible_values = true)]
    registration: Option<Who>,
    /// The most that they may ask for, separated by spaces [default: the scopes that the metadata names]
    #[arg(long, value_name = "SCOPES", requires = "registration")]
    registration_scope: Option<Scope>,
    /// Let those of them that can keep a secret come without PKCE, as OpenID Connect clients do in the wild
    #[arg(long, requires = "registration")]
    registration_without_pkce: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Who {
    /// Nobody
    Closed,
    /// Whoever has an initial access token
    Invited,
    /// Everybody
    Open,
}

impl RegistrationArgs {
    /// The policy; `None` for the usual one.
    pub(super) fn policy(self) -> Option<RegistrationPolicy> {
        Some(RegistrationPolicy {
            admission: match self.registration? {
                Who::Closed => Admission::Closed,
                Who::Invited => Admission::Invited,
                Who::Open => Admission::Open,
            },
            scope: self.registration_scope.unwrap_or_default(),
            require_pkce: !self.registration_without_pkce,
        })
    }
}
