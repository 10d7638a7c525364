//! The line by which programs learn of the guard that they have started.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use gatepass_gateway::{Config, Tls};
use serde::Serialize;
use url::Url;

/// One JSON object: where the guard is, what is behind it, and what clients know it as.
#[derive(Serialize)]
pub(super) struct Announcement<'a> {
    listen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a Url>,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a Path>,
}

impl<'a> Announcement<'a> {
    /// What there is to know of the guard at this address.
    pub(super) fn of(config: &'a Config, listen: SocketAddr, ca: Option<&'a Path>) -> Self {
        let sealed = config.tls != Tls::default();
        let scheme = if sealed { "https" } else { "http" };
        Self {
            listen: format!("{scheme}://{listen}"),
            upstream: config.upstream.as_ref(),
            resource: resource(config),
            operations: None,
            ca,
        }
    }

    /// With where operators ask, if they may.
    pub(super) fn operated(self, operations: Option<String>) -> Self {
        Self { operations, ..self }
    }
}

/// The API's identifier, which tokens name as their audience.
pub(super) fn resource(config: &Config) -> String {
    let own = config.resource.resource.clone();
    own.unwrap_or_else(|| config.public_url())
}

impl fmt::Display for Announcement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "listening on {}, resource {}",
            self.listen, self.resource
        )?;
        if let Some(upstream) = self.upstream {
            write!(f, ", upstream {upstream}")?;
        }
        if let Some(operations) = &self.operations {
            write!(f, ", operations {operations}")?;
        }
        match self.ca {
            Some(ca) => write!(f, " (authority: {})", ca.display()),
            None => Ok(()),
        }
    }
}
