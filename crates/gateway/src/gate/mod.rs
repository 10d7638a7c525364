//! The gate: what a request passes on its way to the API.
//!
//! It reads top to bottom in `way.rs`: bounds, whom it comes from, the path, the gate's own places, the rule, the
//! credentials, the identity in place of the credentials, and on to the API. `judge.rs` says who passes, for requests that
//! go through here and for those that another proxy asks about. What it goes by are the [`Parts`], replaced as a whole.

mod answers;
mod api_keys;
#[cfg(unix)]
mod certificate;
mod client;
mod cross_site;
mod draft;
mod ending;
mod issuers;
mod judge;
mod kept;
mod operations;
mod own;
mod parts;
mod rules;
mod secrets;
mod users;
mod way;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use gatepass_guard::GuardBuilder;
use http::{Request, Response};
use tokio::sync::Mutex;

use crate::config::{Config, ConfigError};
pub(crate) use answers::refuse;
pub(crate) use judge::Verdict;
pub(crate) use parts::Parts;

/// A guard before an API, as `guard.toml` describes it. Cheap to clone; clones are the same gate.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use gatepass_gateway::{Config, Gate};
///
/// let gate = Gate::new(&Config::read("guard.toml".as_ref())?).await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let service = gate.router().into_make_service_with_connect_info::<std::net::SocketAddr>();
/// axum::serve(listener, service).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    dress: Dress,
    current: RwLock<Arc<Parts>>,
    /// One reload at a time, so that the last one counts.
    reloading: Mutex<()>,
    ending: AtomicBool,
}

/// What is added to each guard that is made of the settings.
type Dress = Box<dyn Fn(GuardBuilder) -> GuardBuilder + Send + Sync>;

impl Gate {
    /// A gate with these settings. Secrets and keys that they name are read; nobody is asked anything yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub async fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::with_guard(config, |builder| builder).await
    }

    /// A gate whose guard takes more than the settings say: `dress` adds it, whenever the guard is made anew. So a server in
    /// the same process lends its ports.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub async fn with_guard(
        config: &Config,
        dress: impl Fn(GuardBuilder) -> GuardBuilder + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let parts = Parts::make(config, &dress, None).await?;
        Ok(Self(Arc::new(Inner {
            dress: Box::new(dress),
            current: RwLock::new(Arc::new(parts)),
            reloading: Mutex::new(()),
            ending: AtomicBool::new(false),
        })))
    }

    /// Takes new settings into force, all at once: requests that are under way end by the old ones. What stays the same
    /// keeps what it remembers, so that no proof passes twice and nobody is logged out. `listen`, `operations_listen` and
    /// `tls` are for whoever listens: see [`Config::needs_restart`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`]; the old settings stay in force.
    pub async fn reload(&self, config: &Config) -> Result<(), ConfigError> {
        let _turn = self.0.reloading.lock().await;
        let old = self.parts();
        let new = Arc::new(Parts::make(config, &self.0.dress, Some(&old)).await?);
        let current = self.0.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The service, which answers every request. It wants the address of the connection as
    /// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo) in the request's extensions; without, nothing that a request
    /// says of proxies is believed.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    fn parts(&self) -> Arc<Parts> {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(State(gate): State<Gate>, request: Request<Body>) -> Response<Body> {
    let parts = gate.parts();
    let counting = parts.kept.meter.request();
    let mut answer = parts.answer(request).await;
    counting.answered(&mut answer);
    answer
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gate").field(&self.parts().config).finish()
    }
}
