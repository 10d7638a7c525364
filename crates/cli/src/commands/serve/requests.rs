//! What holds for the authorization requests of every client.

use clap::Args;
use gatepass_server::Config;

/// Authorization requests.
#[derive(Args)]
pub(super) struct RequestArgs {
    /// Take only authorization requests that were pushed ahead of the browser (RFC 9126)
    #[arg(long)]
    require_pushed_requests: bool,
    /// A type of authorization details that clients may use (RFC 9396); may be repeated
    #[arg(long, value_name = "TYPE")]
    authorization_details_type: Vec<String>,
}

impl RequestArgs {
    pub(super) fn apply(self, config: &mut Config) {
        let requests = &mut config.requests;
        requests.require_pushed_authorization_requests |= self.require_pushed_requests;
        if !self.authorization_details_type.is_empty() {
            requests.authorization_details_types = self.authorization_details_type;
        }
    }
}
