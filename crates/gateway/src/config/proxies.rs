use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use gatepass_listen::Network;

/// The proxies in front.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Where those are that are believed: what they say of who asks, and of the request that a client made of them.
    pub trusted: Vec<Network>,
}

impl Proxies {
    /// Whether what comes from there is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.has(address))
    }
}
