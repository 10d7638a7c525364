//! From a 401 to a token, where nothing is configured: the resource says who issues its tokens (RFC 9728), that server says
//! how (RFC 8414), and the client identifies itself there by what it has.
//!
//! `found.rs` is what comes out, `search.rs` finds it, `authority.rs` chooses the server and looks at its metadata,
//! `identify.rs` says who we are there, `challenged.rs` reads the answer that all begins with, `again.rs` looks once more
//! before each later login, and `closer.rs` where a refusal names a closer resource. `meet.rs` is how a session comes to know
//! what it meets, and makes a profile of it once there is a token.

mod again;
mod authority;
mod challenged;
mod closer;
mod found;
mod identify;
mod meet;
mod search;

use std::path::PathBuf;

use gatepass_proto::Scope;

use crate::SecretRef;

pub(crate) use challenged::Challenged;
pub(crate) use found::bounds;
pub use found::{Found, FoundClient};
pub(crate) use meet::Finding;

/// How a client gets a token for a resource of which only a URL is known: what it may identify itself with at whatever
/// authorization server the resource names.
///
/// ```
/// use gatepass_client::{Credential, Session};
///
/// # fn example() -> Result<Session, gatepass_client::Error> {
/// Session::builder(Credential::discover()).api("https://api.example.com").build()
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discover {
    /// The clients that are registered somewhere already: `[[client]]` in `config.toml`.
    pub clients: Vec<KnownClient>,
    /// The URL of the document that describes this client (draft-ietf-oauth-client-id-metadata-document), which is its
    /// `client_id` at servers that support it: `client_metadata_url` in `config.toml`.
    pub client_metadata_url: Option<String>,
    /// The `client_id` to have at whatever server the resource names: somebody has looked whose that is.
    pub client_id: Option<String>,
    /// What to ask for beside what the resource says that it wants.
    pub scope: Option<Scope>,
    /// A PEM file of certificate authorities that the profile is to trust besides the system's. For a session that has no
    /// profile [`Egress`](crate::Egress) says it.
    pub ca: Option<PathBuf>,
}

/// A client that is registered at an authorization server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownClient {
    /// The issuer, to the letter.
    pub issuer: String,
    /// Its `client_id` there.
    pub client_id: String,
    /// Its `client_secret`, unless it is public.
    #[serde(default)]
    pub client_secret: Option<SecretRef>,
    /// `token_endpoint_auth_method`; by default what the server takes.
    #[serde(default)]
    pub client_auth: Option<String>,
    /// Where the browser comes back to; by default `http://127.0.0.1/callback` with any port.
    #[serde(default)]
    pub redirect_uri: Option<String>,
}
