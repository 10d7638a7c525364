//! The names of the internet, for hosts that only a server has named.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::public::is_public;

/// Where the addresses of a name come from.
#[async_trait]
pub(crate) trait Names: Send + Sync {
    /// The addresses of `name`; their ports say nothing.
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver.
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Gives out public addresses only. The connection is made to what is given out here, so a name that leads
/// elsewhere when it is asked for a second time gains nothing.
pub(crate) struct PublicOnly(pub(crate) Arc<dyn Names>);

/// A name leads to where no server may send us.
#[derive(Debug, thiserror::Error)]
#[error(
    "the name that a server gave leads to private addresses only; if that is right, allow private hosts \
     (`allow_private_hosts`, --allow-private-hosts)"
)]
struct PrivateOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.0.clone();
        Box::pin(async move {
            let mut addresses = names.addresses(name.as_str()).await?;
            addresses.retain(|address| is_public(address.ip()));
            if addresses.is_empty() {
                return Err(PrivateOnly.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
