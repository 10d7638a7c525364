//! What the server counts, for Prometheus.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use gatepass_proto::Timestamp;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The bounds of the times that requests take, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// How long the times of requests lie before they are sorted into the buckets, and their memory is free again.
const PAUSE: Duration = Duration::from_secs(1);
const ABOUT: Metadata<'static> = Metadata::new("gatepass_server", Level::INFO, None);

/// Counts what the server does.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Found at every request, so without making names.
    routes: RwLock<HashMap<String, Route>>,
}

/// The series of one route.
struct Route {
    seconds: Histogram,
    requests: HashMap<(&'static str, StatusCode), Counter>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // It fails for no bounds alone.
        let builder = builder
            .set_buckets(&BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        Self(Arc::new(Inner {
            handle: recorder.handle(),
            recorder,
            routes: RwLock::default(),
        }))
    }

    /// Everything that was counted, as Prometheus reads it.
    pub(crate) fn render(&self) -> String {
        self.0.handle.render()
    }

    /// Sorts the times of requests into their buckets, again and again, until it is aborted: nobody else does while nobody
    /// asks for the metrics.
    pub(crate) async fn keep(self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            self.0.handle.run_upkeep();
        }
    }

    /// Counts what came of a notice to a client.
    pub(crate) fn notice(&self, kind: &'static str, outcome: &'static str) {
        let labels = vec![Label::new("kind", kind), Label::new("outcome", outcome)];
        self.counter("gatepass_notices_total", labels).increment(1);
    }

    /// Says when the certificate expires.
    pub(crate) fn certificate(&self, expires: Timestamp) {
        let key = metrics::Key::from_name("gatepass_certificate_expires_seconds");
        let gauge = self.0.recorder.register_gauge(&key, &ABOUT);
        // Exact for as long as anybody will use it: 2⁵³ seconds.
        gauge.set(expires.as_secs() as f64);
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
        let routes = self.0.routes.read().unwrap_or_else(PoisonError::into_inner);
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
        let of_route = || Label::new("route", route.to_owned());
        let labels = vec![
            of_route(),
            Label::new("method", method),
            Label::new("status", status.as_str().to_owned()),
        ];
        let requests = self.counter("gatepass_requests_total", labels);
        let seconds = metrics::Key::from_parts("gatepass_request_seconds", vec![of_route()]);
        let seconds = self.0.recorder.register_histogram(&seconds, &ABOUT);
        let routes = self.0.routes.write();
        let mut routes = routes.unwrap_or_else(PoisonError::into_inner);
        let route = routes.entry(route.to_owned()).or_insert_with(|| Route {
            seconds,
            requests: HashMap::new(),
        });
        route.requests.insert((method, status), requests);
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        let key = metrics::Key::from_parts(name, labels);
        self.0.recorder.register_counter(&key, &ABOUT)
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
        meter.0.handle.run_upkeep();
        meter.count("/a", &Method::GET, StatusCode::OK, took);
        let said = meter.render();
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
