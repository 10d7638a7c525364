//! The local proxy that adds a credential, for programs that cannot get or keep one.
//!
//! A request is looked at by `local.rs` (does it come from a program on this machine, or from a page in a browser?), loses
//! the credentials it came with (`own.rs`), gets the session's from the client's own layer, which also renews what the
//! upstream refuses, and goes to the one upstream. What is short enough to be kept is sent again then (`held.rs`).

mod held;
mod local;
mod own;
mod sender;
mod settings;
#[cfg(unix)]
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use gatepass_client::{Advice, AuthService, Session};
use http::header::{ORIGIN, SET_COOKIE};
use http::{HeaderValue, Request, Response, StatusCode};
use tower::{BoxError, Layer as _, ServiceExt as _};
use url::Url;

use crate::upstream::{Client, Fault, Upstream, end_hop};
use held::Held;
use local::Local;
use sender::Sender;

pub use settings::{InjectError, InjectSettings, Reached};
#[cfg(unix)]
pub use socket::Socket;

/// Sends requests on to one upstream, with a session's credential on them.
#[derive(Clone)]
pub struct Injector {
    inner: Arc<Inner>,
}

struct Inner {
    upstream: Upstream,
    /// The upstream's origin.
    origin: HeaderValue,
    local: Local,
    service: Authenticated,
    settings: InjectSettings,
}

type Authenticated = AuthService<Sender, fn(&Held) -> Option<Held>>;

impl Injector {
    /// Requests go to `upstream` and nowhere else, with the credential of `session`.
    ///
    /// # Errors
    ///
    /// The credential is not for the upstream ([`Session::api`]), or the upstream cannot be used.
    pub fn new(
        session: Session,
        upstream: &Url,
        settings: InjectSettings,
    ) -> Result<Self, InjectError> {
        if !session.api().iter().any(|origin| origin.covers(upstream)) {
            return Err(InjectError::not_for(upstream, &session));
        }
        let origin = upstream.origin().ascii_serialization();
        let unusable = |_| InjectError::not_for(upstream, &session);
        let origin = HeaderValue::try_from(origin).map_err(unusable)?;
        let upstream = Upstream::new(upstream, settings.upstream.clone())?;
        let copy: fn(&Held) -> Option<Held> = Held::copy;
        let layer = session.layer().repeating_by(copy);
        let inner = Inner {
            service: layer.layer(Sender::new(upstream.clone())),
            local: Local::new(&settings),
            upstream,
            origin,
            settings,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What answers every request.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(State(injector): State<Injector>, request: Request<Body>) -> Response<Body> {
    let answer = injector.inner.answer(request).await;
    answer.unwrap_or_else(Fault::into_answer)
}

impl Inner {
    async fn answer(&self, mut request: Request<Body>) -> Result<Response<Body>, Fault> {
        self.local.admit(&request)?;
        end_hop(&mut request);
        let headers = request.headers_mut();
        own::strip(headers, self.settings.keep_cookies);
        if self.local.is_own_origin(headers.get(ORIGIN)) {
            headers.insert(ORIGIN, self.origin.clone());
        }
        let client = Client {
            address: None,
            scheme: "http",
            host: None,
            trusted: false,
        };
        let request = self.upstream.prepare(request, &client)?;
        let patience = self.settings.upstream.answer_timeout;
        let request = Held::of(request, self.settings.most_kept, patience).await?;
        let answer = self.service.clone().oneshot(request).await;
        let mut answer = answer.map_err(|error| fault(&error))?;
        if let Some(advice) = answer.extensions().get::<Advice>() {
            tracing::warn!("the API refused: {advice}");
        }
        if !self.settings.keep_cookies {
            answer.headers_mut().remove(SET_COOKIE);
        }
        Ok(answer)
    }
}

/// Why there is no answer: the upstream's fault, or the credential's.
fn fault(error: &BoxError) -> Fault {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.clone();
    }
    tracing::warn!(%error, "a request got no credential");
    let (status, word) = match error.downcast_ref::<gatepass_client::Error>() {
        Some(error) if error.is_login_needed() => (StatusCode::BAD_GATEWAY, "login_needed"),
        Some(error) if error.is_temporary() => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        _ => (StatusCode::BAD_GATEWAY, "no_credential"),
    };
    Fault::new(status, word, error.to_string())
}

impl std::fmt::Debug for Injector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injector")
            .field("upstream", &self.inner.upstream)
            .finish_non_exhaustive()
    }
}
