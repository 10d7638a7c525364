use std::net::SocketAddr;

/// Where the connection comes from, for throttling by address. The server puts it into the extensions of each
/// request; nothing that the client sends is read in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);
