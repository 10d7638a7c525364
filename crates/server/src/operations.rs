//! For operators: whether the server lives, whether it can work, what it has counted.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use gatepass_proto::decide::record::Key;
use gatepass_store::Store;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::meter::Meter;

/// How long the database may take to say that it is there.
const READY: Duration = Duration::from_secs(2);

/// `/health`, `/ready` and `/metrics`.
pub(crate) fn router(meter: Meter, store: Arc<dyn Store>) -> Router {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let metrics = move || {
        let (text, body) = (text.clone(), meter.render());
        async move { ([(CONTENT_TYPE, text)], body) }
    };
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(move || ready(Arc::clone(&store))))
        .route("/metrics", get(metrics))
}

/// Whether the database answers. What it says of its trouble is in the log.
async fn ready(store: Arc<dyn Store>) -> Response {
    let keys = [Key::SealedKey("refresh-1".to_owned())];
    match tokio::time::timeout(READY, store.load(&keys)).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            let text = "the database does not answer as it should\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Err(_) => {
            let text = "the database does not answer in time\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// Serves operators until it is aborted.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let served = async {
        let server = axum_server::from_tcp(listener)?;
        server.serve(router.into_make_service()).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "the listener for operators broke");
    }
}
