//! Proxies: the guard in front of an API of any language, and a local one that adds a token for programs that cannot.

mod config;
mod cors;
mod forward_auth;
mod gate;
mod identity;
mod inject;
pub mod login;
mod meter;
mod open;
mod outcome;
mod upstream;

pub use config::{
    AccessEntry, ApiKeyEntry, AssertionEntry, Config, ConfigError, CorsEntry, Dialect,
    IdentityEntry, IntrospectedTokens, IntrospectionEntry, IssuerEntry, Limits, OriginError,
    Otherwise, PageOrigin, Proxies, ResourceEntry, RuleEntry, Tls, UserEntry,
};
pub use gate::Gate;
pub use gatepass_listen::{Network, NetworkError};
#[cfg(unix)]
pub use inject::Socket;
pub use inject::{InjectError, InjectSettings, Injector, Reached};
pub use upstream::{Client, Upstream, UpstreamError, UpstreamSettings, Way, end_hop};
