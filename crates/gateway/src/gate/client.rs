//! Whom a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use gatepass_guard::PeerAddr;
use gatepass_listen::nearest_client;
use http::Request;
use http::header::HOST;

use super::Parts;
use crate::config::Tls;
use crate::upstream::Client;

impl Parts {
    /// Whom the request comes from. Behind proxies that are believed, guesses are counted by the address that they tell.
    pub(super) fn client(&self, request: &mut Request<Body>) -> Client {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| *address);
        let proxies = &self.config.proxies;
        let trusted = peer.is_some_and(|peer| proxies.trusts(peer.ip()));
        if let Some(peer) = peer {
            let trusts = |address: IpAddr| proxies.trusts(address);
            let from = match trusted {
                true => SocketAddr::new(nearest_client(request.headers(), peer.ip(), trusts), 0),
                false => peer,
            };
            request.extensions_mut().insert(PeerAddr(from));
        }
        Client {
            address: peer.map(|peer| peer.ip()),
            scheme: match self.config.tls == Tls::default() {
                true => "http",
                false => "https",
            },
            host: host(request),
            trusted,
        }
    }
}

/// The host that is asked for: in HTTP/2 a part of the target, in HTTP/1.1 a header.
fn host(request: &Request<Body>) -> Option<String> {
    let of_target = request.uri().authority().map(|host| host.as_str());
    let of_header = || request.headers().get(HOST)?.to_str().ok();
    of_target.or_else(of_header).map(str::to_owned)
}
