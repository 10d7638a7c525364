//! How the authorization requests of a client have to come, as `gatepass admin client add` takes it.

use clap::Args;
use gatepass_proto::decide::details::ClientDetails;

#[derive(Args)]
pub(super) struct Requesting {
    /// Take only authorization requests that it pushed ahead of the browser (RFC 9126)
    #[arg(long)]
    require_pushed_requests: bool,
    /// Take only authorization requests that it signed (RFC 9101)
    #[arg(long)]
    require_signed_requests: bool,
    /// Where its signed authorization requests may be fetched (RFC 9101), perhaps with the SHA-256 of one behind #; may be
    /// repeated
    #[arg(long, value_name = "URL")]
    request_uri: Vec<String>,
    /// Call people by other names towards it than towards clients of other hosts (pairwise subjects)
    #[arg(long)]
    pairwise: bool,
    /// The address whose host counts for that, in place of the one host of its redirect URIs
    #[arg(long, value_name = "URL", requires = "pairwise")]
    sector_identifier_uri: Option<String>,
    /// A type of authorization details that it may use (RFC 9396); may be repeated
    #[arg(long, value_name = "TYPE")]
    authorization_details_type: Vec<String>,
    /// Hold it to the FAPI 2.0 Security Profile, which takes --auth-method private_key_jwt or one by a certificate
    #[arg(long, requires = "auth_method", conflicts_with_all = ["public", "no_pkce", "json_body"])]
    fapi: bool,
    /// Hold it to FAPI 2.0 Message Signing too
    #[arg(long, requires = "fapi")]
    fapi_message_signing: bool,
}

impl Requesting {
    /// Adds to a client's record what stands in it.
    pub(super) fn add_to(self, details: ClientDetails) -> ClientDetails {
        ClientDetails {
            require_pushed_authorization_requests: self.require_pushed_requests,
            require_signed_request_object: self.require_signed_requests,
            request_uris: self.request_uri,
            pairwise: self.pairwise,
            sector_identifier_uri: self.sector_identifier_uri,
            authorization_details_types: self.authorization_details_type,
            fapi: self.fapi,
            fapi_message_signing: self.fapi_message_signing,
            ..details
        }
    }
}
