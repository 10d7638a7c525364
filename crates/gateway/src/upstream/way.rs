//! Whether the way to an upstream leads through a proxy.

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;

use super::target::Target;
use super::{UpstreamError, Way};

/// The tunnel through a proxy, where there is one on the way.
///
/// # Errors
///
/// The proxy is of a kind that makes no tunnels.
pub(super) fn tunnel(
    target: &Target,
    way: &Way,
    tcp: &HttpConnector,
) -> Result<Option<Tunnel<HttpConnector>>, UpstreamError> {
    if !target.is_tls() || target.is_loopback() {
        return Ok(None);
    }
    let matcher = match way {
        Way::Direct => return Ok(None),
        Way::Environment => Matcher::from_system(),
        Way::Proxy(proxy) => Matcher::builder()
            .all(proxy.as_str().to_owned())
            .no(exceptions())
            .build(),
    };
    let Some(proxy) = matcher.intercept(&target.root()) else {
        return Ok(None);
    };
    if proxy.uri().scheme_str() != Some("http") {
        return Err(UpstreamError::Proxy);
    }
    let tunnel = Tunnel::new(proxy.uri().clone(), tcp.clone());
    Ok(Some(match proxy.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    }))
}

fn exceptions() -> String {
    let names = ["NO_PROXY", "no_proxy"];
    let found = names.iter().find_map(|name| std::env::var(name).ok());
    found.unwrap_or_default()
}
