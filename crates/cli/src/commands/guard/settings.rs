//! The guard's settings: the file, and the flags over it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use gatepass_gateway::{AccessEntry, Config, IssuerEntry, Otherwise, Tls};
use gatepass_proto::Scope;
use url::Url;

use super::said;
use crate::commands::serve::TlsArgs;
use crate::exit::Failure;

#[derive(Args, Clone)]
pub(super) struct Settings {
    /// Where the API is: http://..., https://... or unix:/path
    #[arg(long, value_name = "URL")]
    upstream: Option<Url>,
    /// The configuration file, guard.toml, with the rules for each path
    #[arg(
        long,
        value_name = "FILE",
        env = "GATEPASS_GUARD_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where operators ask for /health, /ready and /metrics (Prometheus); keep it from the internet
    #[arg(long, value_name = "ADDRESS:PORT")]
    operations_listen: Option<SocketAddr>,
    /// The URL under which clients know the API [default: made from the address]
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// An authorization server whose access tokens are taken; may be repeated
    #[arg(long = "issuer", value_name = "URL")]
    issuers: Vec<String>,
    /// What tokens of these issuers must name as their audience [default: the public URL]
    #[arg(long, value_name = "URI", requires = "issuers")]
    audience: Option<String>,
    /// The scope that every request needs that no rule of the file fits
    #[arg(long, value_name = "SCOPES")]
    scope: Option<Scope>,
    #[command(flatten)]
    tls: TlsArgs,
}

impl Settings {
    /// The settings as they are now.
    ///
    /// # Errors
    ///
    /// The file makes no sense.
    pub(super) fn read(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => Config::read(path).map_err(said)?,
            None => Config::default(),
        };
        self.apply(&mut config);
        Ok(config)
    }

    /// The configuration file.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    fn apply(&self, config: &mut Config) {
        if let Some(url) = &self.upstream {
            config.upstream = Some(url.clone());
        }
        if let Some(address) = self.listen {
            config.listen = address;
        }
        if let Some(address) = self.operations_listen {
            config.operations_listen = Some(address);
        }
        if let Some(url) = &self.public_url {
            config.public_url = Some(url.clone());
        }
        if !self.issuers.is_empty() {
            let issuers = self.issuers.iter().map(|issuer| IssuerEntry {
                audience: self.audience.clone(),
                ..IssuerEntry::new(issuer)
            });
            config.issuer = issuers.collect();
        }
        if let Some(scope) = &self.scope {
            config.otherwise = Otherwise {
                scope: scope.clone(),
                ..Otherwise::default()
            };
        }
        match self.tls.clone().given() {
            Some(gatepass_server::Tls::Dev) => {
                config.tls = Tls {
                    dev: true,
                    client_certificates: config.tls.client_certificates,
                    ..Tls::default()
                };
            }
            Some(gatepass_server::Tls::Files { cert, key }) => {
                config.tls = Tls {
                    cert: Some(cert),
                    key: Some(key),
                    dev: false,
                    client_certificates: config.tls.client_certificates,
                };
            }
            Some(gatepass_server::Tls::Off) | None => {}
        }
    }
}

/// Whether anybody can get in, by an address that clients can know.
///
/// # Errors
///
/// Nobody can.
pub(super) fn serves_somebody(config: &Config) -> Result<(), Failure> {
    if config.public_url.is_none() && config.listen.ip().is_unspecified() {
        return Err(Failure::usage(
            "name the URL under which clients know the API, with --public-url https://...",
        ));
    }
    let open = |access: AccessEntry| access == AccessEntry::Open;
    let is_open = open(config.otherwise.access) || config.rule.iter().any(|rule| open(rule.access));
    let takes_none =
        config.issuer.is_empty() && config.api_key.is_empty() && config.user.is_empty();
    if takes_none && config.login.is_none() && !is_open {
        return Err(Failure::usage(
            "nobody could get in: name an authorization server with --issuer, or in the file of --config, or give out an API key with `gatepass guard new-key` or a password with `gatepass guard new-user`; --dev brings both along",
        ));
    }
    Ok(())
}
