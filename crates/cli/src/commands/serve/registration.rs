//! Whether and how clients may register themselves.

use clap::{Args, ValueEnum};
use gatepass_proto::Scope;
use gatepass_server::{Admission, Config, RegistrationPolicy};

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
    /// Know clients that are not registered by the documents at their ids, which are fetched (client ID metadata documents)
    /// [default: off; with --dev on]
    #[arg(long)]
    client_id_metadata_documents: bool,
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
    /// Who may register says how: flags that go with it need no mind of the file's.
    pub(super) fn apply(self, config: &mut Config) {
        config.client_id_metadata_documents |= self.client_id_metadata_documents;
        let Some(who) = self.registration else { return };
        config.registration = Some(RegistrationPolicy {
            admission: match who {
                Who::Closed => Admission::Closed,
                Who::Invited => Admission::Invited,
                Who::Open => Admission::Open,
            },
            scope: self.registration_scope.unwrap_or_default(),
            require_pkce: !self.registration_without_pkce,
        });
    }
}
