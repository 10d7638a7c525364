//! What a local proxy is told.

use std::net::SocketAddr;
use std::time::Duration;

use gatepass_client::{Origin, Secret, Session};
use url::Url;

use crate::upstream::{UpstreamError, UpstreamSettings};

/// What a local proxy is told.
#[derive(Clone, Debug)]
pub struct InjectSettings {
    /// How programs reach it.
    pub reached: Reached,
    /// What programs have to show, if anything: a port of this machine is open to everybody on it.
    pub key: Option<Secret>,
    /// Whether cookies pass, in both directions.
    pub keep_cookies: bool,
    /// Origins of pages that may use it, like `https://app.example.com`; those of its own address may.
    pub allowed_origins: Vec<String>,
    /// The longest body that is kept, to be sent again with a renewed token; 64 KiB.
    pub most_kept: usize,
    /// How the upstream is spoken to.
    pub upstream: UpstreamSettings,
}

/// How programs reach a local proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// At this address. A request for any other host is refused: a page's own name may be made to lead here (DNS
    /// rebinding).
    At(SocketAddr),
    /// By a socket in the file system, which no page reaches.
    BySocket,
}

impl InjectSettings {
    /// The usual ones.
    pub fn new(reached: Reached) -> Self {
        Self {
            reached,
            key: None,
            keep_cookies: false,
            allowed_origins: Vec::new(),
            most_kept: 64 * 1024,
            upstream: UpstreamSettings {
                // Quiet streams are a matter between the program and the API.
                idle_timeout: Duration::ZERO,
                tell_client: false,
                ..UpstreamSettings::default()
            },
        }
    }
}

/// A local proxy cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InjectError {
    /// The credential is not for the upstream.
    #[error("the credential is not for {upstream}; it goes to {api}")]
    NotForUpstream {
        /// The upstream's origin.
        upstream: String,
        /// Whom the credential is for.
        api: String,
    },
    /// The upstream cannot be used.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl InjectError {
    pub(super) fn not_for(upstream: &Url, session: &Session) -> Self {
        let origins: Vec<&str> = session.api().iter().map(Origin::as_str).collect();
        Self::NotForUpstream {
            upstream: match upstream.has_host() {
                true => upstream.origin().ascii_serialization(),
                false => format!("{}:", upstream.scheme()),
            },
            api: match origins.is_empty() {
                true => "no origin".to_owned(),
                false => origins.join(", "),
            },
        }
    }
}
