//! From a configuration to a listening server, and to its orderly end.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use gatepass_http::{Clock, Egress, OsEntropy, SystemClock};
use gatepass_proto::ClientId;
use gatepass_proto::decide::Rules;
use gatepass_proto::decide::rules::TrustedIssuer;
use gatepass_proto::dpop::Nonces;
use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy, Terms};
use gatepass_proto::grant::jwt_bearer;
use gatepass_proto::jose::KeySet;
use gatepass_store::{Remembering, Store, StoreError};
use url::Url;

use crate::admin::Admin;
use crate::app::{App, Parts};
use crate::client_proofs::Outside;
use crate::config::{Config, Legacy, MASTER_KEY, Tls};
use crate::cookies::SessionCookie;
use crate::csrf::Csrf;
use crate::dev::{self, DevError, DevSet};
use crate::endpoints::metadata;
use crate::keys::{Keys, KeysError};
use crate::lanes::Lanes;
use crate::operations::{self, Meter};
use crate::passwords::Passwords;
use crate::seal::MasterKey;
use crate::tls::{TlsError, dev_tls, tls_from_files};
use crate::{limits, routes};

/// What is added to the database's name for the file of the ready-made set.
const DEV_SET: &str = ".dev.json";
/// How long requests may take to end after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How often expired rows are deleted, and how many of each kind at a time.
const SWEEP: (Duration, u32) = (Duration::from_secs(60), 1000);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Config(String),
    /// The address.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key or a sealed key.
    #[error("{0}")]
    Keys(String),
    /// The ready-made set.
    #[error(transparent)]
    Dev(#[from] DevError),
    /// The certificate.
    #[error("{0}")]
    Tls(String),
}

impl From<KeysError> for StartError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Store(error) => Self::Store(error),
            sealed @ KeysError::Sealed(_) => Self::Keys(sealed.to_string()),
        }
    }
}

/// A server that has its address and everything else it needs, and answers as soon as it runs.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    issuer: String,
    router: Router,
    operations: Option<(TcpListener, Router)>,
    tls: Option<Arc<rustls::ServerConfig>>,
    ca: Option<PathBuf>,
    dev: Option<DevSet>,
    store: Arc<dyn Store>,
}

impl Server {
    /// Opens the database, the keys and the address.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        if config.dev && !config.listen.ip().is_loopback() {
            let text = "--dev has well-known habits switched on and listens on loopback alone; \
                        use --listen 127.0.0.1:PORT, or leave --dev out";
            return Err(StartError::Config(text.to_owned()));
        }
        if config.dev && config.beside_database(DEV_SET).is_none() && config.database != "memory:" {
            let text = "--dev keeps its ready-made set beside the database; give it a path";
            return Err(StartError::Config(text.to_owned()));
        }
        refuse_dev_database(config)?;
        let (listener, address) = listen(config.listen)?;
        let issuer = issuer(config, address)?;
        let store = gatepass_store::open(&config.database).await?;
        let store: Arc<dyn Store> = Arc::new(Remembering::over(store));
        let master = Arc::new(master_key(config)?);
        let keys =
            Keys::load_or_create(&*store, &master, SystemClock.now(), &mut OsEntropy).await?;
        let derived = |purpose| {
            let key = master.derive(purpose);
            key.map_err(|error| StartError::Keys(error.to_string()))
        };
        let csrf = derived("csrf")?;
        let nonces = derived("dpop nonce")?;
        let dev = match config.dev {
            true => {
                let file = config.beside_database(DEV_SET);
                Some(DevSet::prepare(&Admin::over(Arc::clone(&store)), file.as_deref()).await?)
            }
            false => None,
        };
        let (tls, ca) = transport(config)?;
        let text = issuer.as_str().trim_end_matches('/').to_owned();
        let requests = dev::requests(config);
        let mut metadata = metadata::document(&text, dev::scopes(config.dev), &requests);
        if config.trusted_issuers.is_empty() {
            let served = &mut metadata.grant_types_supported;
            served.retain(|name| name != jwt_bearer::GRANT_TYPE);
        }
        let registration = policy(config);
        let register = format!("{text}{}", routes::paths::REGISTER);
        if registration.admission != Admission::Closed {
            metadata.registration_endpoint = Some(register.clone());
        }
        let app = App::new(Parts {
            store: Arc::clone(&store),
            clock: Arc::new(SystemClock),
            outside: Outside::new(egress(config)?, Arc::new(SystemClock), Arc::clone(&master)),
            nonces: Nonces::new(&nonces),
            terms: Terms::new(registration, &metadata, register),
            passwords: Passwords::new(),
            lanes: Lanes::new(),
            cookie: SessionCookie::new(issuer.scheme() == "https"),
            csrf: Csrf::new(&csrf),
            origin: issuer.origin().ascii_serialization(),
            metadata: serde_json::to_vec(&metadata).unwrap_or_default().into(),
            jwks: keys.public.to_json().to_string().into(),
            legacy: Legacy {
                direct_login: config.dev.then(|| ClientId::new(dev::DIRECT_LOGIN)),
            },
            signing: keys.signing,
            rsa: keys.rsa,
            rules: Rules {
                token_endpoint: format!("{text}{}", routes::paths::TOKEN),
                par_endpoint: format!("{text}{}", routes::paths::PAR),
                default_audience: config
                    .default_audience
                    .clone()
                    .unwrap_or_else(|| format!("{text}/api")),
                issuer: text.clone(),
                keys: keys.public,
                refresh_keys: keys.refresh,
                lifetimes: config.lifetimes.clone(),
                requests,
                trusted_issuers: trusted_issuers(config)?,
            },
        });
        let meter = Meter::new();
        let operations = match config.operations {
            Some(address) => Some((
                listen(address)?.0,
                operations::router(meter.clone(), Arc::clone(&store)),
            )),
            None => None,
        };
        let routes = routes::router(&app, issuer.path().trim_end_matches('/'));
        let router = limits::around(routes, meter);
        Ok(Self {
            listener,
            address,
            issuer: text,
            router,
            operations,
            tls,
            ca,
            dev,
            store,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators ask, if anywhere.
    pub fn operations(&self) -> Option<SocketAddr> {
        let (listener, _) = self.operations.as_ref()?;
        listener.local_addr().ok()
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The ready-made set, with `dev`.
    pub fn dev_set(&self) -> Option<&DevSet> {
        self.dev.as_ref()
    }

    /// The file of the local certificate authority, with [`Tls::Dev`].
    pub fn ca(&self) -> Option<&std::path::Path> {
        self.ca.as_deref()
    }

    /// Serves until `stop` is done, then lets the requests under way end.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> std::io::Result<()> {
        let handle: Handle<SocketAddr> = Handle::new();
        let sweeper = tokio::spawn(sweep(Arc::clone(&self.store)));
        let operations = match self.operations {
            Some((listener, router)) => Some(operations::serve(listener, router)?),
            None => None,
        };
        let service = self
            .router
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = async {
            match self.tls {
                None => {
                    let mut server = axum_server::from_tcp(self.listener)?
                        .handle(handle.clone())
                        .map(limits::patient);
                    limits::connections(server.http_builder());
                    server.serve(service).await
                }
                Some(config) => {
                    let config = axum_server::tls_rustls::RustlsConfig::from_config(config);
                    let mut server = axum_server::from_tcp_rustls(self.listener, config)?
                        .handle(handle.clone())
                        .map(limits::patient);
                    limits::connections(server.http_builder());
                    server.serve(service).await
                }
            }
        };
        tokio::pin!(serving);
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = stop => {
                handle.graceful_shutdown(Some(DRAIN));
                serving.await
            }
        };
        sweeper.abort();
        if let Some(operations) = operations {
            operations.abort();
        }
        self.store.close().await;
        ended
    }
}

/// On what terms clients register themselves. Where the policy names no scope, it is those that the metadata names.
fn policy(config: &Config) -> RegistrationPolicy {
    let open = || RegistrationPolicy {
        admission: Admission::Open,
        require_pkce: false,
        ..RegistrationPolicy::default()
    };
    let given = config.registration.clone();
    let mut policy = given.unwrap_or_else(|| config.dev.then(open).unwrap_or_default());
    if policy.scope.is_empty() {
        let named = dev::scopes(config.dev).join(" ");
        policy.scope = named.parse().unwrap_or_default();
    }
    policy
}

/// What `--dev` made ready is in the database for good, and its secrets in a file beside it.
fn refuse_dev_database(config: &Config) -> Result<(), StartError> {
    let made = config.beside_database(DEV_SET).filter(|file| file.exists());
    match made {
        Some(file) if !config.dev => Err(StartError::Config(format!(
            "the database was made by --dev: its ready-made secrets are in {}; use another --database, or add --dev",
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let fault = |error| StartError::Listen(address, error);
    let listener = TcpListener::bind(address).map_err(fault)?;
    listener.set_nonblocking(true).map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

/// The issuer as it is published: no query, no fragment (RFC 8414 §2), and https but on this machine.
fn issuer(config: &Config, address: SocketAddr) -> Result<Url, StartError> {
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

type Transport = (Option<Arc<rustls::ServerConfig>>, Option<PathBuf>);

fn transport(config: &Config) -> Result<Transport, StartError> {
    let fault = |error: TlsError| StartError::Tls(error.to_string());
    match &config.tls {
        Tls::Off => Ok((None, None)),
        Tls::Files { cert, key } => Ok((Some(tls_from_files(cert, key).map_err(fault)?), None)),
        Tls::Dev => {
            let file = config.database_file().ok_or_else(|| {
                let text = "development certificates are kept beside the database; give it a path";
                StartError::Config(text.to_owned())
            })?;
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
            let dev = dev_tls(folder, SystemClock.now()).map_err(fault)?;
            Ok((Some(dev.config), Some(dev.ca)))
        }
    }
}

/// The master key's file; a database in memory is gone with the process, and so may its key be. One behind a server has
/// nothing beside it, and all nodes need the same key.
fn master_key(config: &Config) -> Result<MasterKey, StartError> {
    let fault = |error: String| StartError::Keys(error);
    match config
        .master_key
        .clone()
        .or_else(|| config.beside_database(MASTER_KEY))
    {
        Some(path) => MasterKey::load_or_create(&path).map_err(|error| fault(error.to_string())),
        None if config.database != "memory:" => Err(StartError::Config(
            "a database server has no place for the master key: name its file, the same one for every node, with --master-key-file"
                .to_owned(),
        )),
        None => MasterKey::ephemeral(&mut OsEntropy).map_err(|error| fault(error.to_string())),
    }
}

/// Where requests of the server's own may go. What is made ready for this machine is on this machine.
fn egress(config: &Config) -> Result<Egress, StartError> {
    let outbound = &config.outbound;
    let read = |path: &PathBuf| {
        let fault = |error| StartError::Tls(format!("cannot read {}: {error}", path.display()));
        std::fs::read(path).map_err(fault)
    };
    Ok(Egress {
        allow_private_hosts: outbound.allow_private_hosts || config.dev,
        extra_roots: outbound
            .extra_ca
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?,
        ..Egress::default()
    })
}

/// The issuers whose assertions are taken, with the keys in their files.
fn trusted_issuers(config: &Config) -> Result<Vec<TrustedIssuer>, StartError> {
    let read = |(issuer, file): &(String, PathBuf)| {
        let fault = |why: &str| {
            let path = file.display();
            StartError::Config(format!("the keys of {issuer:?} in {path}: {why}"))
        };
        let document = std::fs::read(file).map_err(|error| fault(&error.to_string()))?;
        let keys = KeySet::parse(&document).map_err(fault)?;
        if keys.is_empty() {
            return Err(fault("none of them can check a signature"));
        }
        Ok(TrustedIssuer {
            issuer: issuer.clone(),
            keys,
        })
    };
    config.trusted_issuers.iter().map(read).collect()
}

async fn sweep(store: Arc<dyn Store>) {
    let (pause, limit) = SWEEP;
    loop {
        tokio::time::sleep(pause).await;
        match store.sweep(SystemClock.now(), limit).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "swept"),
            Err(error) => tracing::warn!(%error, "sweeping failed; it is tried again in a minute"),
        }
    }
}
