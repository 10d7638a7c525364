use async_trait::async_trait;
use gatepass_proto::flow::Unreachable;
use url::{Host, Url};

use crate::egress::check_url;
use crate::pools::Reach;
use crate::public::may_be_public;
use crate::transport::{because, url_of};
use crate::{HttpTransport, Transport};

/// The network, for addresses that nobody here has chosen: a server named them in its metadata, or a client by
/// its id. They must not lead a request to this machine or its neighbours (server-side request forgery,
/// RFC 9728 §7.7).
///
/// * A host that a trusted URL has too is as good as that URL.
/// * Where a trusted URL is itself at `localhost` or at a private address, written as one, any host is allowed:
///   that is somebody's own machine or network.
/// * Everything else must be public. A private address is refused in the URL, and again when a name is resolved:
///   what is connected to is the address that was looked at. `localhost` and all names below it are private.
/// * [`crate::Egress::allow_private_hosts`] lifts all this.
///
/// A URL that goes by a proxy is looked at only as it is written, for the proxy resolves the name; the proxy has to
/// guard the network it stands in.
#[derive(Clone, Debug)]
pub struct NamedByServer {
    transport: HttpTransport,
    trusted: Vec<Host<String>>,
    anywhere: bool,
}

impl HttpTransport {
    /// The same transport for addresses that a server named, where somebody here has chosen those in `trusted`:
    /// the issuer and the endpoints of a profile, the resource that a request is for. A server that serves the
    /// clients it does not know trusts none.
    pub fn named_by(&self, trusted: &[Url]) -> NamedByServer {
        let hosts = trusted.iter().filter_map(Url::host);
        let trusted: Vec<Host<String>> = hosts.map(|host| host.to_owned()).collect();
        NamedByServer {
            anywhere: self.pools.egress.allow_private_hosts
                || trusted.iter().any(|host| !may_be_public(host)),
            transport: self.clone(),
            trusted,
        }
    }
}

impl NamedByServer {
    /// Whether a request to `url`, as it is written, may be made at all: for an address that somebody else sends to, such as a
    /// browser. What its name leads to is seen when a request is made.
    ///
    /// # Errors
    ///
    /// Why not, with the origin.
    pub fn admit(&self, url: &Url) -> Result<(), Unreachable> {
        check_url(url).map_err(|error| because(url, &error.to_string()))?;
        let public = url.host().is_some_and(|host| may_be_public(&host));
        match public || self.reach(url) == Reach::Anywhere {
            true => Ok(()),
            false => Err(because(
                url,
                "a server named this host, which is private (this machine, its network, or reserved); if that is right, allow private hosts (`allow_private_hosts`, --allow-private-hosts)",
            )),
        }
    }

    fn reach(&self, url: &Url) -> Reach {
        let trusted = |host: Host<&str>| self.trusted.contains(&host.to_owned());
        match self.anywhere || url.host().is_some_and(trusted) {
            true => Reach::Anywhere,
            false => Reach::Public,
        }
    }
}

#[async_trait]
impl Transport for NamedByServer {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let url = url_of(request.uri())?;
        let reach = self.reach(&url);
        self.transport.exchange(url, reach, request).await
    }
}

#[cfg(test)]
#[path = "named_tests.rs"]
mod tests;
