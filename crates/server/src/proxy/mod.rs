//! What proxies in front say of those who ask: their address, and the certificate that they have shown.
//!
//! It is believed of a proxy that the operator trusts, by the address of its connection. From anybody else the same
//! headers mean nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use gatepass_listen::{Connection, nearest_client, passed_on};
use gatepass_proto::OAuthError;
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};

use crate::extract::Peer;
use crate::listen::StartError;
use crate::respond;

pub use gatepass_listen::{Network, NetworkError};

/// The proxies in front, as an operator names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Where those are that are believed.
    pub trusted: Vec<Network>,
    /// The header in which they pass on a client's certificate, if they do: as nginx's `$ssl_client_escaped_cert`, or as
    /// RFC 9440 has it. They have to take it out of what a client sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_from: Option<String>,
}

/// The same, made usable.
pub(crate) struct Front {
    trusted: Vec<Network>,
    header: Option<HeaderName>,
}

impl Front {
    /// `None` where no proxy is trusted.
    ///
    /// # Errors
    ///
    /// The header is none, or there is nobody to believe it of.
    pub(crate) fn new(proxies: &Proxies) -> Result<Option<Arc<Self>>, StartError> {
        let invalid = |text: &str| StartError::Config(text.to_owned());
        let header = proxies.client_certificate_from.as_deref();
        let header = header.map(|name| name.parse()).transpose();
        let header =
            header.map_err(|_| invalid("--client-certificate-from takes the name of a header"))?;
        if proxies.trusted.is_empty() && header.is_some() {
            return Err(invalid(
                "--client-certificate-from is believed of nobody yet: name the proxies with --trusted-proxy",
            ));
        }
        Ok((!proxies.trusted.is_empty()).then(|| {
            Arc::new(Self {
                trusted: proxies.trusted.clone(),
                header,
            })
        }))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.has(address))
    }

    /// Puts into the extensions what a trusted proxy says.
    fn read(&self, request: &mut Request) -> Result<(), OAuthError> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let Some(proxy) = peer.map(|peer| peer.0.ip()).filter(|own| self.trusts(*own)) else {
            return Ok(());
        };
        let headers = request.headers();
        let client = nearest_client(headers, proxy, |own| self.trusts(own));
        let certificate = match &self.header {
            Some(name) => passed_on(headers, name)
                .map_err(|why| OAuthError::invalid_request(why.to_string()))?,
            None => None,
        };
        let extensions = request.extensions_mut();
        extensions.insert(Peer(SocketAddr::new(client, 0)));
        extensions.insert(Connection { certificate });
        Ok(())
    }
}

/// Reads what the proxy says, before anything else is done with the request.
pub(crate) async fn believe(
    State(front): State<Arc<Front>>,
    mut request: Request,
    next: Next,
) -> Response {
    match front.read(&mut request) {
        Ok(()) => next.run(request).await.into_response(),
        Err(error) => respond::refusal_as(StatusCode::BAD_REQUEST, &error, None),
    }
}
