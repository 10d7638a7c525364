//! From a configuration to a listening server, and to its orderly end.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use gatepass_http::{Clock, SystemClock};
use gatepass_listen::{Door, Reloader, Seal, Transport, asking, bind, serve_operations};
use gatepass_proto::decide::{Pairwise, Rules};
use gatepass_proto::dpop::Nonces;
use gatepass_proto::endpoint::register::{Admission, Terms};
use gatepass_proto::grant::jwt_bearer;
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, Scope};
use gatepass_store::{Remembering, Store, StoreError};
use tokio::task::JoinSet;
use url::Url;

use crate::admin::Admin;
use crate::app::{App, Parts};
use crate::config::{Config, Legacy};
use crate::cookies::SessionCookie;
use crate::csrf::Csrf;
use crate::dev::{self, DevError, DevSet};
use crate::doors::Behind;
use crate::endpoints::metadata;
use crate::issuer::issuer;
use crate::keys::{Keeping, Keyring, KeysError, Settings};
use crate::lanes::Lanes;
use crate::meter::Meter;
use crate::mtls::{self, Certified};
use crate::notices::{Notices, Outbox};
use crate::operations;
use crate::outside::Network;
use crate::passwords::Passwords;
use crate::ports::Ports;
use crate::proxy::Front;
use crate::sweeper::sweep;
use crate::{given, nodes, routes, seal};

/// What is added to the database's name for the file of the ready-made set.
const DEV_SET: &str = ".dev.json";

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
    transport: Transport,
    /// For clients that show certificates, if they come by a door of their own.
    certified: Option<(TcpListener, Seal)>,
    front: Option<Arc<Front>>,
    beside: Option<Router>,
    issuer: String,
    operations: Option<(TcpListener, Router)>,
    meter: Meter,
    dev: Option<DevSet>,
    store: Arc<dyn Store>,
    app: App,
    outbox: Outbox,
}

impl Server {
    /// Opens the database, the keys and the address.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        Self::bind_at(config, Arc::new(SystemClock)).await
    }

    /// The same by another clock than the system's.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn bind_at(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        check_dev(config)?;
        let (listener, address) = listen(config.listen)?;
        let issuer = issuer(config, address)?;
        let store = gatepass_store::open(&config.database).await?;
        let store: Arc<dyn Store> = Arc::new(Remembering::over(store));
        let front = Front::new(&config.proxies)?;
        let besides = mtls::address(config)?.map(listen).transpose()?;
        let port = besides.as_ref().map(|(_, address)| *address);
        let certified = Certified::new(config, &issuer, port)?;
        let app = assemble(config, &issuer, &store, certified, clock).await?;
        let dev = match config.dev {
            true => {
                let file = config.beside_database(DEV_SET);
                Some(DevSet::prepare(&Admin::over(Arc::clone(&store)), file.as_deref()).await?)
            }
            false => None,
        };
        let transport = given::transport(config)?;
        let meter = Meter::new();
        let operations = match config.operations {
            Some(address) => {
                let store = Arc::clone(&store);
                let ready = move || operations::ready(Arc::clone(&store));
                let router = gatepass_listen::operations(meter.registry().clone(), ready);
                Some((listen(address)?.0, router))
            }
            None => None,
        };
        let outbox = Outbox::new(app.clone(), given::egress(config)?, meter.clone());
        let outbox = outbox.map_err(|error| StartError::Config(error.to_string()))?;
        let certified = match (besides, &transport.config) {
            (Some((listener, _)), Some(tls)) => {
                let config = asking(tls).map_err(|error| StartError::Tls(error.to_string()))?;
                Some((listener, Seal::Asking(config)))
            }
            _ => None,
        };
        Ok(Self {
            listener,
            address,
            transport,
            certified,
            front,
            beside: None,
            issuer: app.issuer().to_owned(),
            operations,
            meter,
            dev,
            store,
            app,
            outbox,
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

    /// The URL in place of the issuer for clients that show certificates, where that is another (RFC 8705 §5).
    pub fn mtls(&self) -> Option<&str> {
        self.app.certified().base()
    }

    /// The ready-made set, with `dev`.
    pub fn dev_set(&self) -> Option<&DevSet> {
        self.dev.as_ref()
    }

    /// The file of the local certificate authority, with [`Tls::Dev`](crate::Tls::Dev).
    pub fn ca(&self) -> Option<&std::path::Path> {
        self.transport.ca.as_deref()
    }

    /// By which it can be told, while it runs, to read its certificate again.
    pub fn reloader(&self) -> Reloader {
        self.transport.reloader()
    }

    /// Has this router answer what no route of the server answers, on the same doors and outside of the server's bounds on
    /// a request's time; see [`Config::shares_origin`]. It does not see the server's session cookie.
    #[must_use]
    pub fn beside(mut self, router: Router) -> Self {
        self.beside = Some(router);
        self
    }

    /// What a guard in the same process asks of this server: its keys, its users, what was withdrawn. A user's password
    /// opens `password_scope`.
    pub fn guard_ports(&self, password_scope: Scope) -> Arc<Ports> {
        Arc::new(Ports {
            app: self.app.clone(),
            password_scope,
        })
    }

    /// Serves until `stop` is done, then lets the requests under way end.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> std::io::Result<()> {
        let behind = Behind {
            app: &self.app,
            meter: &self.meter,
            beside: self.beside.as_ref(),
        };
        let mut doors = vec![Door {
            listener: self.listener,
            router: behind.main(self.front),
            seal: self.transport.seal(),
        }];
        doors.extend(self.certified.map(|(listener, seal)| Door {
            listener,
            router: behind.certified(),
            seal,
        }));
        // They end with it.
        let mut beside = JoinSet::new();
        beside.spawn(sweep(Arc::clone(&self.store)));
        beside.spawn(self.meter.registry().clone().keep());
        if let Some(certificate) = self.transport.certificate {
            let registry = self.meter.registry().clone();
            beside.spawn(certificate.watch(move |expires| registry.certificate(expires)));
        }
        let app = self.app.clone();
        beside.spawn(async move { app.keep_keys().await });
        beside.spawn(nodes::follow(self.app));
        beside.spawn(self.outbox.run());
        if let Some((listener, router)) = self.operations {
            beside.spawn(serve_operations(listener, router));
        }
        let ended = gatepass_listen::serve(doors, stop).await;
        beside.shutdown().await;
        self.store.close().await;
        ended
    }
}

/// Everything that the endpoints work with.
async fn assemble(
    config: &Config,
    issuer: &Url,
    store: &Arc<dyn Store>,
    certified: Certified,
    clock: Arc<dyn Clock>,
) -> Result<App, StartError> {
    seal::refuse_lost(config, &**store).await?;
    let master = Arc::new(given::master_key(config)?);
    let keeping = Keeping {
        store: Arc::clone(store),
        master: Arc::clone(&master),
        clock: Arc::clone(&clock),
        settings: Settings::of(config)?,
    };
    let opened = keeping.open().await?;
    let derived = |purpose| {
        let key = master.derive(purpose);
        key.map_err(|error| StartError::Keys(error.to_string()))
    };
    let csrf = derived("csrf")?;
    let nonces = derived("dpop nonce")?;
    let pairwise = Pairwise::new(&*derived("pairwise")?);
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
    metadata.client_id_metadata_document_supported =
        config.client_id_metadata_documents || config.dev;
    certified.publish(&mut metadata);
    let rules = Rules {
        token_endpoint: format!("{text}{}", routes::paths::TOKEN),
        par_endpoint: format!("{text}{}", routes::paths::PAR),
        default_audience: config.default_audience.clone().unwrap_or_else(|| {
            match config.shares_origin {
                true => text.clone(),
                false => format!("{text}/api"),
            }
        }),
        issuer: text.clone(),
        keys: KeySet::default(),
        refresh_keys: opened.refresh(clock.now())?,
        pairwise,
        lifetimes: config.lifetimes.clone(),
        requests,
        tokens: config.tokens.clone(),
        trusted_issuers: given::trusted_issuers(config)?,
    };
    let terms = Terms::new(registration, &metadata, register);
    let outside = Network::new(
        given::egress(config)?,
        Arc::clone(&clock),
        Arc::clone(&master),
    );
    Ok(App::new(Parts {
        store: Arc::clone(store),
        clock,
        outside: match metadata.client_id_metadata_document_supported {
            true => outside.describing(terms.clone()),
            false => outside,
        },
        nonces: Nonces::new(&nonces),
        terms,
        certified,
        passwords: Passwords::default(),
        lanes: Lanes::new(),
        cookie: SessionCookie::new(issuer.scheme() == "https"),
        csrf: Csrf::new(&csrf),
        origin: issuer.origin().ascii_serialization(),
        metadata: serde_json::to_vec(&metadata).unwrap_or_default().into(),
        legacy: Legacy {
            direct_login: (config.dev && !config.shares_origin)
                .then(|| ClientId::new(dev::DIRECT_LOGIN)),
        },
        issuer: text,
        notices: Notices::new(Arc::clone(&master)),
        keys: Keyring::new(keeping, opened, &rules)?,
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
pub(crate) fn refuse_dev_database(config: &Config) -> Result<(), StartError> {
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
    bind(address).map_err(|error| StartError::Listen(address, error))
}
