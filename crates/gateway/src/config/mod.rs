//! What an operator decides about a guard.
//!
//! [`Config`] is what `guard.toml` holds: its fields are the file's members, in this order and by these names. So a new
//! setting is one field here with its default, and its lines in `packaging/guard.toml`, which a test compares with the
//! fields. A secret is never a member, only where it is ([`SecretRef`]).

mod api_key;
mod cors;
mod file;
mod issuer;
mod proxies;
mod resource;
mod rule;
mod user;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gatepass_client::SecretRef;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::login::LoginSettings;
use gatepass_settings::span;

pub use api_key::ApiKeyEntry;
pub use cors::{CorsEntry, OriginError, PageOrigin};
pub use file::ConfigError;
pub use issuer::{IntrospectedTokens, IntrospectionEntry, IssuerEntry};
pub use proxies::Proxies;
pub use resource::ResourceEntry;
pub use rule::{AccessEntry, Otherwise, RuleEntry};
pub use user::UserEntry;

/// The most bytes of headers that a connection takes, whatever a gate would.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// How to guard an API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen; port 0 picks one.
    pub listen: SocketAddr,
    /// Where operators ask for `/health`, `/ready` and `/metrics`, without a login; `None` nowhere, and nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations_listen: Option<SocketAddr>,
    /// Where the API is: `http://…`, `https://…` or `unix:/path`. `None` sends nothing on, for a guard that only answers
    /// to the proxies of `forward_auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Url>,
    /// The URL under which clients find the root of this guard: the API's identifier (RFC 9728, RFC 8707), what DPoP proofs
    /// name, and the issuer of signed identities. It has a path only where a proxy in front takes that away. `None` makes it
    /// from the address that is listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// What challenges call the API (RFC 9110 §11.5).
    pub realm: String,
    /// Whether access tokens that are bound to a key are taken, with a proof of it (RFC 9449).
    pub dpop: bool,
    /// Whether those proofs must have a nonce from here (RFC 9449 §9), so that none is made beforehand.
    pub dpop_nonces: bool,
    /// Whether an API without TLS is spoken to in HTTP/2 from the start, as gRPC servers expect.
    pub http2: bool,
    /// Whether the API gets the `Host` that the client sent in place of its own.
    pub keep_host: bool,
    /// A certificate authority to trust for an `https` upstream and for issuers besides the system's, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_ca: Option<PathBuf>,
    /// The proxies that ask before they let a request pass, each by its own rules.
    pub forward_auth: Vec<Dialect>,
    /// Transport security.
    pub tls: Tls,
    /// Who stands in front, and what is believed of them.
    pub proxies: Proxies,
    /// What a request may take.
    pub limits: Limits,
    /// What the API says of itself (RFC 9728).
    pub resource: ResourceEntry,
    /// Whose access tokens are taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuer: Vec<IssuerEntry>,
    /// Which API keys are taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_key: Vec<ApiKeyEntry>,
    /// Who may come with a name and a password.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user: Vec<UserEntry>,
    /// What a request needs, by path and method; the first that fits counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<RuleEntry>,
    /// What a request needs that no rule fits.
    pub otherwise: Otherwise,
    /// How the API learns who asks.
    pub identity: IdentityEntry,
    /// Which pages of other origins may call the API.
    pub cors: CorsEntry,
    /// How people log in with their browsers; `None` has nobody log in here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginSettings>,
}

/// A proxy that asks before it lets a request pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// nginx's `auth_request`, at `/.gatepass/auth/nginx`.
    Nginx,
    /// Traefik's `ForwardAuth`, at `/.gatepass/auth/traefik`.
    Traefik,
    /// Caddy's `forward_auth`, at `/.gatepass/auth/caddy`.
    Caddy,
    /// Envoy's `ext_authz` over HTTP, below `/.gatepass/auth/envoy`.
    Envoy,
}

/// Transport security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain in PEM, the guard's own certificate first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// Its private key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// In place of both: a certificate for this machine from an authority made for it.
    pub dev: bool,
    /// Whether clients are asked for a certificate of their own, and let in without: access tokens that are bound to one
    /// (RFC 8705 §3) pass with it. Any is taken, for the token says which.
    pub client_certificates: bool,
}

/// What a request may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The most bytes of a request's headers, names and values together; 32768 at most.
    pub max_header_bytes: usize,
    /// The most bytes of a request's body; `None` as many as the API takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_request_body: Option<u64>,
    /// How long connecting to the API may take.
    #[serde(with = "span")]
    pub connect_timeout: Duration,
    /// How long the API may take until its answer begins; zero is for ever.
    #[serde(with = "span")]
    pub answer_timeout: Duration,
    /// How long an answer that has begun, or a WebSocket, may be silent in both directions; zero is for ever.
    #[serde(with = "span")]
    pub idle_timeout: Duration,
    /// How long what is under way may go on when the guard is told to end; zero cuts it at once.
    #[serde(with = "span")]
    pub drain_timeout: Duration,
}

/// How the API learns who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityEntry {
    /// Whether it is told in headers: `X-Gatepass-Subject` and its like.
    pub headers: bool,
    /// Whether `X-Forwarded-User`, `-Email` and `-Preferred-Username` are set as well, for programs that know those.
    pub forwarded_user: bool,
    /// Headers that the API believes besides, which are taken out of every request.
    pub strip: Vec<String>,
    /// Whether the `Authorization` header goes on to the API. Whoever runs the API can then use the token elsewhere.
    pub pass_authorization: bool,
    /// Whether it is told in a signed JWT, which an API can check that others might reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<AssertionEntry>,
}

/// A signed identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssertionEntry {
    /// The header that it stands in.
    pub header: String,
    /// Where the private key is, a PEM file for ES256 or EdDSA; `None` makes one at each start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
    /// Its `aud`; `None` makes it the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// How long it is good for, a minute at most.
    #[serde(with = "span")]
    pub lifetime: Duration,
}

impl Default for Config {
    /// A guard on port 8080 of this machine that takes nobody's tokens yet.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            operations_listen: None,
            upstream: None,
            public_url: None,
            realm: "gatepass".to_owned(),
            dpop: true,
            dpop_nonces: false,
            http2: false,
            keep_host: false,
            extra_ca: None,
            forward_auth: Vec::new(),
            tls: Tls::default(),
            proxies: Proxies::default(),
            limits: Limits::default(),
            resource: ResourceEntry::default(),
            issuer: Vec::new(),
            api_key: Vec::new(),
            user: Vec::new(),
            rule: Vec::new(),
            otherwise: Otherwise::default(),
            identity: IdentityEntry::default(),
            cors: CorsEntry::default(),
            login: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: MAX_HEADER_BYTES,
            max_request_body: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(600),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for IdentityEntry {
    fn default() -> Self {
        Self {
            headers: true,
            forwarded_user: false,
            strip: Vec::new(),
            pass_authorization: false,
            jwt: None,
        }
    }
}

impl Default for AssertionEntry {
    fn default() -> Self {
        Self {
            header: "X-Gatepass-Assertion".to_owned(),
            key: None,
            audience: None,
            lifetime: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// The URL under which clients know the API, without a slash at its end.
    pub fn public_url(&self) -> String {
        let scheme = match self.tls == Tls::default() {
            true => "http",
            false => "https",
        };
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", self.listen),
        }
    }

    /// Whether the settings make sense together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub(crate) fn agree(&self) -> Result<(), ConfigError> {
        let fault = |setting, reason: &str| Err(ConfigError::setting(setting, reason));
        if self.upstream.is_none() && self.forward_auth.is_empty() {
            return fault(
                "upstream",
                "expected the URL of the API, or forward_auth for proxies that ask",
            );
        }
        if !self.forward_auth.is_empty() && self.proxies.trusted.is_empty() {
            return fault(
                "forward_auth",
                "nobody may ask yet: name the proxies in proxies.trusted",
            );
        }
        if self.operations_listen == Some(self.listen) && self.listen.port() != 0 {
            return fault(
                "operations_listen",
                "it is where clients ask; take another port, that the internet does not reach",
            );
        }
        if !(1..=MAX_HEADER_BYTES).contains(&self.limits.max_header_bytes) {
            return fault("limits.max_header_bytes", "expected 1 to 32768");
        }
        let issuers: BTreeSet<&str> = self.issuer.iter().map(|own| own.issuer.as_str()).collect();
        if issuers.len() < self.issuer.len() {
            return fault("issuer", "one of them stands there twice");
        }
        api_key::agree(&self.api_key)?;
        user::agree(&self.user)?;
        if self.dpop_nonces && !self.dpop {
            return fault("dpop_nonces", "they are for DPoP proofs; set dpop to true");
        }
        self.cors.agree(self.upstream.is_some())?;
        match (&self.tls.cert, &self.tls.key, self.tls.dev) {
            (None, None, _) | (Some(_), Some(_), false) => {}
            (_, _, true) => {
                return fault(
                    "tls",
                    "dev makes its own certificate; leave cert and key out",
                );
            }
            _ => return fault("tls", "cert and key belong together; give both"),
        }
        if self.tls.client_certificates && self.tls.cert.is_none() && !self.tls.dev {
            return fault(
                "tls.client_certificates",
                "clients show theirs on connections with TLS alone; give cert and key",
            );
        }
        Ok(())
    }

    /// The settings that differ in `new` and that a running guard does not take up: they need a new start.
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let differs = [
            ("listen", self.listen != new.listen),
            (
                "operations_listen",
                self.operations_listen != new.operations_listen,
            ),
            ("tls", self.tls != new.tls),
        ];
        let named = differs.iter().filter(|(_, differs)| *differs);
        named.map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests;
