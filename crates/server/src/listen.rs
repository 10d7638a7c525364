//! From a configuration to a listening server, and to its orderly end.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use gatepass_http::{Clock, OsEntropy, SystemClock};
use gatepass_proto::ClientId;
use gatepass_proto::decide::Rules;
use gatepass_proto::dpop::Nonces;
use gatepass_proto::endpoint::register::{Admission, Terms};
use gatepass_proto::grant::jwt_bearer;
use gatepass_store::{Remembering, Store, StoreError};
use url::Url;

use crate::admin::Admin;
use crate::app::{App, Parts};
use crate::client_proofs::Outside;
use crate::config::{Config, Legacy};
use crate::cookies::SessionCookie;
use crate::csrf::Csrf;
use crate::dev::{self, DevError, DevSet};
use crate::endpoints::metadata;
use crate::issuer::issuer;
use crate::keys::{Keys, KeysError};
use crate::lanes::Lanes;
use crate::operations::{self, Meter};
use crate::passwords::Passwords;
use crate::{given, limits, routes};

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
        check_dev(config)?;
        let (listener, address) = listen(config.listen)?;
        let issuer = issuer(config, address)?;
        let store = gatepass_store::open(&config.database).await?;
        let store: Arc<dyn Store> = Arc::new(Remembering::over(store));
        let app = assemble(config, &issuer, &store).await?;
        let dev = match config.dev {
            true => {
                let file = config.beside_database(DEV_SET);
                Some(DevSet::prepare(&Admin::over(Arc::clone(&store)), file.as_deref()).await?)
            }
            false => None,
        };
        let (tls, ca) = given::transport(config)?;
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
            issuer: app.issuer().to_owned(),
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

/// Everything that the endpoints work with.
async fn assemble(
    config: &Config,
    issuer: &Url,
    store: &Arc<dyn Store>,
) -> Result<App, StartError> {
    crate::lost_key::refuse(config, &**store).await?;
    let master = Arc::new(given::master_key(config)?);
    let keys = Keys::load_or_create(&**store, &master, SystemClock.now(), &mut OsEntropy).await?;
    let derived = |purpose| {
        let key = master.derive(purpose);
        key.map_err(|error| StartError::Keys(error.to_string()))
    };
    let csrf = derived("csrf")?;
    let nonces = derived("dpop nonce")?;
    let text = issuer.as_str().trim_end_matches('/').to_owned();
    let requests = dev::requests(config);
    let mut metadata = metadata::document(&text, dev::scopes(config.dev), &requests);
    if config.trusted_issuers.is_empty() {
        let served = &mut metadata.grant_types_supported;
        served.retain(|name| name != jwt_bearer::GRANT_TYPE);
    }
    let registration = given::policy(config);
    let register = format!("{text}{}", routes::paths::REGISTER);
    if registration.admission != Admission::Closed {
        metadata.registration_endpoint = Some(register.clone());
    }
    Ok(App::new(Parts {
        store: Arc::clone(store),
        clock: Arc::new(SystemClock),
        outside: Outside::new(
            given::egress(config)?,
            Arc::new(SystemClock),
            Arc::clone(&master),
        ),
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
            issuer: text,
            keys: keys.public,
            refresh_keys: keys.refresh,
            lifetimes: config.lifetimes.clone(),
            requests,
            trusted_issuers: given::trusted_issuers(config)?,
        },
    }))
}

/// Whether the ready-made set may be here.
fn check_dev(config: &Config) -> Result<(), StartError> {
    if config.dev && !config.listen.ip().is_loopback() {
        let text = "--dev has well-known habits switched on and listens on loopback alone; \
                    use --listen 127.0.0.1:PORT, or leave --dev out";
        return Err(StartError::Config(text.to_owned()));
    }
    if config.dev && config.beside_database(DEV_SET).is_none() && config.database != "memory:" {
        let text = "--dev keeps its ready-made set beside the database; give it a path";
        return Err(StartError::Config(text.to_owned()));
    }
    refuse_dev_database(config)
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
