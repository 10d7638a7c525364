use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Extensions;

/// Where the connection comes from, for throttling by address. The server puts it into the extensions of each
/// request; nothing that the client sends is read in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// The certificate of the connection, for tokens that are bound to one (RFC 8705 §3). Where the handshake has proven that
/// the client has its key, the server puts this into the extensions of each request; nobody needs to vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate(Arc<str>);

impl PeerCertificate {
    /// The certificate with this thumbprint: the SHA-256 of its DER as base64url (`x5t#S256`, RFC 8705 §3.1).
    pub fn new(thumbprint: impl Into<Arc<str>>) -> Self {
        Self(thumbprint.into())
    }

    /// The certificate of this DER.
    pub fn of_der(der: &[u8]) -> Self {
        Self(gatepass_proto::Digest::of(der).to_base64url().into())
    }

    pub(crate) fn thumbprint(&self) -> &str {
        &self.0
    }
}

/// What is known of the other end besides what it sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    pub(crate) from: Option<IpAddr>,
    pub(crate) certificate: Option<PeerCertificate>,
}

impl Peer {
    /// What the server has put into the extensions of a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let from = extensions.get::<PeerAddr>();
        Self {
            from: from.map(|PeerAddr(address)| address.ip()),
            certificate: extensions.get::<PeerCertificate>().cloned(),
        }
    }
}
