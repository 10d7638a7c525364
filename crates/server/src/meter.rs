//! What the server counts, for Prometheus.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use gatepass_listen::{Counter, Histogram, Registry};
use http::{Method, StatusCode};

/// Counts what the server does.
#[derive(Clone)]
pub(crate) struct Meter {
    registry: Registry,
    /// Found at every request, so without making names.
    routes: Arc<RwLock<HashMap<String, Route>>>,
}

/// The series of one route.
struct Route {
    seconds: Histogram,
    requests: HashMap<(&'static str, StatusCode), Counter>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            registry: Registry::new(),
            routes: Arc::default(),
        }
    }

    /// Where all of it stands.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Counts what came of a notice to a client.
    pub(crate) fn notice(&self, kind: &'static str, outcome: &'static str) {
        let labels = [("kind", kind), ("outcome", outcome)];
        let counter = self.registry.counter("gatepass_notices_total", &labels);
        counter.increment(1);
    }

    fn count(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let series = (known(method), status);
        if !self.add(route, series, took) {
            self.register(route, series);
            self.add(route, series, took);
        }
    }

    /// Whether there is such a series.
    fn add(&self, route: &str, series: (&'static str, StatusCode), took: Duration) -> bool {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let route = routes.get(route);
        let Some((route, requests)) = route.and_then(|own| Some((own, own.requests.get(&series)?)))
        else {
            return false;
        };
        requests.increment(1);
        route.seconds.record(took.as_secs_f64());
        true
    }

    fn register(&self, route: &str, (method, status): (&'static str, StatusCode)) {
        let of_route = ("route", route);
        let labels = [of_route, ("method", method), ("status", status.as_str())];
        let requests = self.registry.counter("gatepass_requests_total", &labels);
        let seconds = self
            .registry
            .histogram("gatepass_request_seconds", &[of_route]);
        let routes = self.routes.write();
        let mut routes = routes.unwrap_or_else(PoisonError::into_inner);
        let route = routes.entry(route.to_owned()).or_insert_with(|| Route {
            seconds,
            requests: HashMap::new(),
        });
        route.requests.insert((method, status), requests);
    }
}

/// Anybody may ask with a method of their own making, which must not make a metric.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request of a route.
pub(crate) async fn measure(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answer = next.run(request).await;
    if let Some(route) = route {
        meter.count(route.as_str(), &method, answer.status(), began.elapsed());
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Method, StatusCode};

    use super::Meter;

    #[test]
    fn each_route_method_and_status_is_counted_by_itself() {
        let meter = Meter::new();
        let took = Duration::from_millis(3);
        let odd = Method::from_bytes(b"BREW").expect("a method");
        for (route, method, status) in [
            ("/a", &Method::GET, StatusCode::OK),
            ("/a", &Method::GET, StatusCode::OK),
            ("/a", &Method::GET, StatusCode::BAD_REQUEST),
            ("/a", &odd, StatusCode::OK),
            ("/b", &Method::GET, StatusCode::OK),
        ] {
            meter.count(route, method, status, took);
        }
        meter.count("/a", &Method::GET, StatusCode::OK, took);
        let said = meter.registry().render();
        for line in [
            r#"gatepass_requests_total{route="/a",method="GET",status="200"} 3"#,
            r#"gatepass_requests_total{route="/a",method="GET",status="400"} 1"#,
            r#"gatepass_requests_total{route="/a",method="other",status="200"} 1"#,
            r#"gatepass_requests_total{route="/b",method="GET",status="200"} 1"#,
            r#"gatepass_request_seconds_bucket{route="/a",le="0.005"} 5"#,
            r#"gatepass_request_seconds_bucket{route="/a",le="0.0025"} 0"#,
            r#"gatepass_request_seconds_count{route="/b"} 1"#,
        ] {
            assert!(said.lines().any(|own| own == line), "{line} in {said}");
        }
    }
}
