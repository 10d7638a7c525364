//! Clients that show certificates (RFC 8705): where they do, whose are trusted, and what the metadata says of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gatepass_listen::{Authorities, Shown};
use gatepass_proto::Timestamp;
use gatepass_proto::client_auth::{BY_AUTHORITY, BY_CERTIFICATE, Certificate};
use gatepass_proto::message::metadata::{MtlsEndpoints, ServerMetadata};
use http::Extensions;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{Config, Tls};
use crate::listen::StartError;
use crate::routes::paths;

/// What an operator decides about clients with certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mtls {
    /// Where to listen for them, besides; `None` nowhere, but with `dev` and [`Tls::Dev`] on any port of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The URL in place of the issuer under which they find the endpoints; `None` makes it from the issuer and the port
    /// that is listened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The authorities whose word about clients is taken (`tls_client_auth`), in PEM; intermediate ones may be among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
}

/// The same, made usable.
pub(crate) struct Certified {
    /// Whether any certificate reaches the server.
    taken: bool,
    authorities: Option<Authorities>,
    /// What stands in place of the issuer for them.
    base: Option<String>,
}

/// Where to listen for clients with certificates.
///
/// # Errors
///
/// There is no certificate of the server's own to listen with.
pub(crate) fn address(config: &Config) -> Result<Option<SocketAddr>, StartError> {
    let is_ready_made = config.dev && config.tls == Tls::Dev;
    let usual = is_ready_made.then(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let address = config.mtls.listen.or(usual);
    if address.is_some() && config.tls == Tls::Off {
        return invalid(
            "--mtls-listen takes a certificate of the server's own: give --tls-cert and --tls-key",
        );
    }
    if config.dev && address.is_some_and(|address| !address.ip().is_loopback()) {
        return invalid("--dev listens on loopback alone; use --mtls-listen 127.0.0.1:PORT");
    }
    Ok(address)
}

fn invalid<T>(text: &str) -> Result<T, StartError> {
    Err(StartError::Config(text.to_owned()))
}

impl Certified {
    /// With a listener at `listening`, if there is one.
    ///
    /// # Errors
    ///
    /// What is given makes no sense together, or the authorities cannot be read.
    pub(crate) fn new(
        config: &Config,
        issuer: &Url,
        listening: Option<SocketAddr>,
    ) -> Result<Self, StartError> {
        let Mtls { url, client_ca, .. } = &config.mtls;
        let taken = listening.is_some() || config.proxies.client_certificate_from.is_some();
        if !taken && (url.is_some() || client_ca.is_some()) {
            return invalid(
                "--mtls-url and --client-ca are for clients that show certificates: say where they do, with --mtls-listen or --client-certificate-from",
            );
        }
        let authorities = client_ca.as_deref().map(Authorities::from_file);
        let authorities = authorities.transpose();
        Ok(Self {
            taken,
            authorities: authorities.map_err(|error| StartError::Tls(error.to_string()))?,
            base: match (url, listening) {
                (Some(url), _) => Some(check(url)?),
                (None, Some(address)) => Some(beside(issuer, address.port())),
                (None, None) => None,
            },
        })
    }

    /// What stands in place of the issuer for clients that show certificates, where that is another URL.
    pub(crate) fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// The path of that URL.
    pub(crate) fn path(&self) -> String {
        let url = self.base().and_then(|base| Url::parse(base).ok());
        url.map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default()
    }

    /// The certificate that a request came with, as it is judged at this moment.
    pub(crate) fn certificate(
        &self,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Option<Arc<Certificate>> {
        let shown = Shown::of(extensions)?;
        Some(shown.judged(self.authorities.as_ref(), now))
    }

    /// Says in the metadata what there is (RFC 8705 §2.1.1, §2.2.1, §3.3, §5).
    pub(crate) fn publish(&self, metadata: &mut ServerMetadata) {
        for methods in [
            &mut metadata.token_endpoint_auth_methods_supported,
            &mut metadata.introspection_endpoint_auth_methods_supported,
            &mut metadata.revocation_endpoint_auth_methods_supported,
        ] {
            methods.retain(|name| self.serves(name));
        }
        metadata.tls_client_certificate_bound_access_tokens = self.taken;
        metadata.mtls_endpoint_aliases = self.base().map(endpoints);
    }

    fn serves(&self, method: &str) -> bool {
        let certified = BY_CERTIFICATE.contains(&method);
        !certified || (self.taken && (method != BY_AUTHORITY || self.authorities.is_some()))
    }
}

fn endpoints(base: &str) -> MtlsEndpoints {
    let at = |path: &str| Some(format!("{base}{path}"));
    MtlsEndpoints {
        token_endpoint: at(paths::TOKEN),
        revocation_endpoint: at(paths::REVOKE),
        introspection_endpoint: at(paths::INTROSPECT),
        pushed_authorization_request_endpoint: at(paths::PAR),
        device_authorization_endpoint: at(paths::DEVICE_AUTHORIZATION),
        backchannel_authentication_endpoint: at(paths::BACKCHANNEL),
        userinfo_endpoint: at(paths::USERINFO),
    }
}

/// The issuer with another port.
fn beside(issuer: &Url, port: u16) -> String {
    let mut url = issuer.clone();
    // Whoever has an issuer without TLS has a proxy in front of it, and none in front of this.
    let _ = url.set_scheme("https");
    let _ = url.set_port(Some(port));
    url.as_str().trim_end_matches('/').to_owned()
}

fn check(url: &str) -> Result<String, StartError> {
    match Url::parse(url) {
        Ok(parsed)
            if parsed.scheme() == "https"
                && parsed.has_host()
                && parsed.username().is_empty()
                && parsed.password().is_none()
                && parsed.query().is_none()
                && parsed.fragment().is_none() =>
        {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => invalid("--mtls-url must be an https URL with neither user name, query nor fragment"),
    }
}
