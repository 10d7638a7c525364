use std::net::IpAddr;

use gatepass_listen::Network;
use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The proxies in front.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Where those are that are believed: what they say of who asks, and of the request that a client made of them.
    pub trusted: Vec<Network>,
    /// The header in which they pass on a client's certificate, if they do: as nginx's `$ssl_client_escaped_cert`, or as
    /// RFC 9440 has it. They have to take it out of what a client sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_from: Option<String>,
}

impl Proxies {
    /// Whether what comes from there is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.has(address))
    }

    /// The header in which certificates are passed on.
    ///
    /// # Errors
    ///
    /// It is none, or there is nobody to believe it of.
    pub(crate) fn certificate_header(&self) -> Result<Option<HeaderName>, ConfigError> {
        let fault = |reason: &str| ConfigError::setting("proxies.client_certificate_from", reason);
        let Some(name) = &self.client_certificate_from else {
            return Ok(None);
        };
        if self.trusted.is_empty() {
            return Err(fault(
                "it is believed of nobody yet: name the proxies in proxies.trusted",
            ));
        }
        let name = name.parse();
        name.map(Some)
            .map_err(|_| fault("expected the name of a header, like \"Client-Cert\""))
    }
}
