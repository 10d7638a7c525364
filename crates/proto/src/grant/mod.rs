//! One file per grant: its parameters, which the client writes and the server reads, and the server's decision.

pub mod authorization_code;
pub mod ciba;
pub mod client_credentials;
pub mod device_code;
pub mod elsewhere;
pub mod jwt_bearer;
pub mod password;
pub mod refresh_token;
pub mod token_exchange;

use crate::decide::record::Client;
use crate::decide::{Facts, Issue, Judged, Rules};
use crate::{Cx, Params};

/// Every grant there is. Adding one is a file and a line here.
pub static GRANTS: &[&dyn Grant] = &[
    &authorization_code::AuthorizationCode,
    &refresh_token::RefreshToken,
    &client_credentials::ClientCredentials,
    &password::Password,
    &device_code::Device,
    &ciba::Ciba,
    &token_exchange::Exchange,
    &jwt_bearer::Bearer,
];

/// The server's side of a grant.
pub trait Grant: Sync {
    /// Its `grant_type`.
    fn grant_type(&self) -> &'static str;

    /// Judges a request by a client that has proven who it is and may use this grant.
    ///
    /// # Errors
    ///
    /// [`crate::decide::Halt`]: facts are lacking, or the answer is no.
    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue>;
}

/// A request for tokens.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The parameters.
    pub params: &'a Params,
    /// What it is judged by.
    pub rules: &'a Rules,
    /// The thumbprint of the key whose DPoP proof came along (RFC 9449).
    pub dpop_jkt: Option<&'a str>,
    /// The thumbprint of the certificate that came along, where tokens are bound to it (RFC 8705 §3).
    pub x5t_s256: Option<&'a str>,
}

/// The grant of this `grant_type`.
pub fn find(grant_type: &str) -> Option<&'static dyn Grant> {
    GRANTS
        .iter()
        .find(|grant| grant.grant_type() == grant_type)
        .copied()
}

/// The parameters of a token request, the client's side of a grant.
pub trait GrantParams {
    /// Writes `grant_type` and what goes with it.
    fn to_params(&self) -> Params;

    /// What is signed for each request anew, for there is a date in it; nothing with most grants.
    fn statement(&self) -> Option<jwt_bearer::Statement> {
        None
    }
}
