//! For operators: whether the process lives, whether it can work, what it has counted.

use std::borrow::Cow;
use std::future::Future;
use std::net::TcpListener;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::registry::Registry;

/// Why it cannot work, in a sentence for operators.
pub type NotReady = Cow<'static, str>;

/// `/health`, `/ready` and `/metrics`. `ready` is asked anew each time, and has to answer within a few seconds.
pub fn operations<R>(
    registry: Registry,
    ready: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> Router
where
    R: Future<Output = Result<(), NotReady>> + Send + 'static,
{
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let metrics = move || {
        let (text, body) = (text.clone(), registry.render());
        async move { ([(CONTENT_TYPE, text)], body) }
    };
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(move || answer(ready())))
        .route("/metrics", get(metrics))
}

async fn answer(ready: impl Future<Output = Result<(), NotReady>>) -> Response {
    match ready.await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            tracing::warn!(%why, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}

/// Serves operators until it is aborted.
pub async fn serve_operations(listener: TcpListener, router: Router) {
    let served = async {
        let server = axum_server::from_tcp(listener)?;
        server.serve(router.into_make_service()).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "the listener for operators broke");
    }
}
