//! Where a client is told of things, and what its tokens look like, as `gatepass admin client add` takes it.

use clap::Args;
use gatepass_proto::decide::details::ClientDetails;

#[derive(Args)]
pub(super) struct Telling {
    /// Tell it here when somebody's login ends (OpenID Connect Back-Channel Logout)
    #[arg(long, value_name = "URL")]
    backchannel_logout_uri: Option<String>,
    /// Tell it here when a person has answered its CIBA request (ping mode); it asks again and again otherwise
    #[arg(long, value_name = "URL")]
    ping: Option<String>,
    /// Give it opaque access tokens, which say nothing to anybody but this server
    #[arg(long)]
    opaque_access_tokens: bool,
    /// Sign what it is told at introspection by this algorithm (RFC 9701) [default: by what its ID tokens are signed]
    #[arg(long, value_name = "ALG")]
    introspection_signed_by: Option<String>,
}

impl Telling {
    /// Adds to a client's record what stands in it.
    pub(super) fn add_to(self, details: ClientDetails) -> ClientDetails {
        ClientDetails {
            backchannel_logout_session_required: self.backchannel_logout_uri.is_some(),
            backchannel_logout_uri: self.backchannel_logout_uri,
            backchannel_token_delivery_mode: self.ping.as_ref().map(|_| "ping".to_owned()),
            backchannel_client_notification_endpoint: self.ping,
            opaque_access_tokens: self.opaque_access_tokens,
            introspection_signed_response_alg: self.introspection_signed_by,
            ..details
        }
    }
}
