//! What is behind each of the server's doors.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{from_fn_with_state, map_request_with_state};
use gatepass_guard::PeerCertificate;
use gatepass_listen::{Shown, named};

use crate::app::App;
use crate::cookies::SessionCookie;
use crate::meter::Meter;
use crate::proxy::{self, Front};
use crate::{limits, routes};

/// What the doors lead to.
pub(crate) struct Behind<'a> {
    pub(crate) app: &'a App,
    pub(crate) meter: &'a Meter,
    /// What answers where no route of the server does.
    pub(crate) beside: Option<&'a Router>,
}

impl Behind<'_> {
    /// By the door for everybody.
    pub(crate) fn main(&self, front: Option<Arc<Front>>) -> Router {
        let own = routes::router(self.app, self.app.path());
        let own = match front {
            Some(front) => own.layer(from_fn_with_state(front, proxy::believe)),
            None => own,
        };
        self.joined(own)
    }

    /// By the door for clients that show certificates.
    pub(crate) fn certified(&self) -> Router {
        self.joined(routes::certified(self.app))
    }

    fn joined(&self, own: Router) -> Router {
        let own = limits::around(own, self.meter.clone());
        join(own, self.beside.cloned(), self.app.cookie())
    }
}

/// The server's bounds are around its own routes alone.
fn join(own: Router, beside: Option<Router>, cookie: SessionCookie) -> Router {
    named(match beside {
        Some(beside) => {
            own.fallback_service(beside.layer(map_request_with_state(cookie, hand_over)))
        }
        None => own,
    })
}

/// Keeps the server's session from whoever is beside it, and tells a guard there which certificate the client has shown.
async fn hand_over(State(cookie): State<SessionCookie>, mut request: Request) -> Request {
    cookie.remove(request.headers_mut());
    let shown = Shown::of(request.extensions());
    if let Some(certificate) = shown.map(|shown| PeerCertificate::new(shown.thumbprint())) {
        request.extensions_mut().insert(certificate);
    }
    request
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::header::COOKIE;
    use http::{HeaderMap, Request, StatusCode};
    use tower::ServiceExt as _;

    use super::join;
    use crate::cookies::SessionCookie;
    use crate::limits;
    use crate::meter::Meter;

    async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, String) {
        let answer = router.clone().oneshot(request).await.expect("answered");
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1024).await;
        let body = body.expect("a body").to_vec();
        (status, String::from_utf8(body).expect("text"))
    }

    fn joined() -> Router {
        let slow = || tokio::time::sleep(Duration::from_secs(3600));
        let own = Router::new()
            .route("/own", get(slow))
            .route("/page", get(|| async { "page" }));
        let cookies = |headers: HeaderMap| async move {
            let lines = headers.get_all(COOKIE).iter();
            let lines: Vec<_> = lines.map(|line| line.to_str().expect("text")).collect();
            lines.join("|")
        };
        let beside = Router::new().route("/slow", get(slow)).fallback(cookies);
        let own = limits::around(own, Meter::new());
        join(own, Some(beside), SessionCookie::new(false))
    }

    fn request(method: &str, path: &str) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        request.body(Body::empty()).expect("a request")
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_bounds_are_for_its_own_routes() {
        let router = joined();
        let (status, _) = ask(&router, request("GET", "/own")).await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
        let (status, _) = ask(&router, request("GET", "/slow")).await;
        assert_eq!(status, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_path_of_the_server_stays_with_the_server_whatever_the_method() {
        let router = joined();
        for (method, path, status) in [
            ("GET", "/page", 200),
            ("POST", "/page", 405),
            ("BREW", "/page", 405),
            ("POST", "/pages", 200),
            ("POST", "/page/", 200),
        ] {
            let (answered, _) = ask(&router, request(method, path)).await;
            assert_eq!(answered, status, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn the_session_stays_with_the_server() {
        let router = joined();
        for (sent, seen) in [
            (&["gatepass=x"][..], ""),
            (&["a=1; gatepass=x; b=2"], "a=1; b=2"),
            (&["a=1", "gatepass=x;gatepass=y", "b=2"], "a=1|b=2"),
            (
                &[" gatepass =x; xgatepass=1; gatepassx=2"],
                "xgatepass=1; gatepassx=2",
            ),
            (&["gatepass"], ""),
        ] {
            let mut asked = request("GET", "/elsewhere");
            for line in sent {
                let line = line.parse().expect("a header");
                asked.headers_mut().append(COOKIE, line);
            }
            let (_, body) = ask(&router, asked).await;
            assert_eq!(body, seen, "{sent:?}");
        }
    }
}
