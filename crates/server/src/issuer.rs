//! The URL under which others know the server.

use std::net::SocketAddr;

use url::Url;

use crate::config::{Config, Tls};
use crate::listen::StartError;

/// The issuer as it is published: no query, no fragment (RFC 8414 §2), and https but on this machine.
pub(crate) fn issuer(config: &Config, address: SocketAddr) -> Result<Url, StartError> {
    let scheme = if config.tls == Tls::Off {
        "http"
    } else {
        "https"
    };
    let text = config
        .issuer
        .clone()
        .unwrap_or_else(|| format!("{scheme}://{address}"));
    let invalid = |why: &str| StartError::Config(format!("the issuer {text:?} {why}"));
    let url = Url::parse(&text).map_err(|_| invalid("is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        let text = "the issuer must have neither user name nor password";
        return Err(StartError::Config(text.to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("must have neither query nor fragment"));
    }
    // To the router they would be patterns.
    if url
        .path()
        .split('/')
        .any(|part| part.starts_with([':', '*']))
    {
        return Err(invalid("must have no part that begins with : or *"));
    }
    if config.issuer.is_none() && address.ip().is_unspecified() {
        return Err(StartError::Config(
            "name the public address with --issuer https://…".to_owned(),
        ));
    }
    let local = url
        .host()
        .is_some_and(|host| gatepass_http::is_loopback_host(&host));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err(invalid("must be https (http is for this machine alone)")),
    }
}
