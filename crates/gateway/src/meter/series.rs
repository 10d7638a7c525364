//! The series themselves.

use std::sync::{PoisonError, RwLock};

use axum::body::Body;
use gatepass_listen::{Counter, Gauge, Histogram, Registry};
use http::{Response, StatusCode};

use crate::outcome::Outcome;

const REQUESTS: &str = "gatepass_guard_requests_total";
const SECONDS: &str = "gatepass_guard_upstream_answer_seconds";
const ANSWERS: &str = "gatepass_guard_answers_open";
const WEBSOCKETS: &str = "gatepass_guard_websockets_open";
const INTROSPECTIONS: &str = "gatepass_guard_introspections_total";
const NOT_FETCHED: &str = "gatepass_guard_issuer_fetch_failures_total";
const RELOADS: &str = "gatepass_guard_reloads_total";
const LOADED: &str = "gatepass_guard_settings_loaded_timestamp_seconds";
const BUILD: &str = "gatepass_guard_build_info";

/// What each of them is.
const ABOUT: [(&str, &str); 9] = [
    (
        REQUESTS,
        "Requests by what became of them: passed (with the class of the API's status), refused and failed (with the error that was told), login, own, abandoned.",
    ),
    (SECONDS, "How long the API took until its answer began."),
    (
        ANSWERS,
        "Answers of the API that have begun and not ended, streams of events among them.",
    ),
    (WEBSOCKETS, "WebSockets that are open."),
    (
        INTROSPECTIONS,
        "Looks at a token by introspection: asked, remembered, failed.",
    ),
    (
        NOT_FETCHED,
        "Times that an issuer's metadata or keys could not be fetched.",
    ),
    (
        RELOADS,
        "Times that the settings were read again: taken, refused.",
    ),
    (LOADED, "When the settings in force were read."),
    (BUILD, "Which version this is."),
];

/// The classes of statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A handle for each, made once.
pub(super) struct Series {
    pub(super) registry: Registry,
    /// By the class of the status.
    passed: [Counter; 5],
    login: Counter,
    own: Counter,
    pub(super) abandoned: Counter,
    /// As many as there are errors in this program.
    errors: RwLock<Vec<(Told, Counter)>>,
    pub(super) seconds: Histogram,
    pub(super) answers: Gauge,
    pub(super) websockets: Gauge,
    pub(super) asked: Counter,
    pub(super) remembered: Counter,
    pub(super) silent: Counter,
    pub(super) not_fetched: Counter,
    pub(super) reloaded: Counter,
    pub(super) not_reloaded: Counter,
    pub(super) loaded: Gauge,
}

/// What whoever asked was told.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    /// `refused` or `failed`.
    outcome: &'static str,
    error: &'static str,
}

impl Series {
    pub(super) fn new() -> Self {
        let registry = Registry::new();
        for (name, text) in ABOUT {
            registry.describe(name, text);
        }
        let by = |name, outcome| registry.counter(name, &[("outcome", outcome)]);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        registry.gauge(BUILD, &version).set(1.0);
        Self {
            passed: CLASSES.map(|class| {
                let labels = [("outcome", "passed"), ("status", class)];
                registry.counter(REQUESTS, &labels)
            }),
            login: by(REQUESTS, "login"),
            own: by(REQUESTS, "own"),
            abandoned: by(REQUESTS, "abandoned"),
            errors: RwLock::default(),
            seconds: registry.histogram(SECONDS, &[]),
            answers: registry.gauge(ANSWERS, &[]),
            websockets: registry.gauge(WEBSOCKETS, &[]),
            asked: by(INTROSPECTIONS, "asked"),
            remembered: by(INTROSPECTIONS, "remembered"),
            silent: by(INTROSPECTIONS, "failed"),
            not_fetched: registry.counter(NOT_FETCHED, &[]),
            reloaded: by(RELOADS, "taken"),
            not_reloaded: by(RELOADS, "refused"),
            loaded: registry.gauge(LOADED, &[]),
            registry,
        }
    }

    /// Counts a request by its answer.
    pub(super) fn answered(&self, answer: &mut Response<Body>) {
        let status = answer.status();
        match Outcome::take(answer) {
            None => {
                let class = usize::from(status.as_u16() / 100).saturating_sub(1);
                if let Some(counter) = self.passed.get(class) {
                    counter.increment(1);
                }
            }
            Some(Outcome::Own) => self.own.increment(1),
            Some(Outcome::LogIn) => self.login.increment(1),
            Some(Outcome::Error(error)) => self.told(Told {
                // What is not offered here was the client's to know.
                outcome: match status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
                    true => "failed",
                    false => "refused",
                },
                error,
            }),
        }
    }

    fn told(&self, told: Told) {
        let errors = self.errors.read().unwrap_or_else(PoisonError::into_inner);
        let known = errors.iter().find(|(own, _)| *own == told);
        if let Some((_, counter)) = known {
            return counter.increment(1);
        }
        drop(errors);
        let labels = [("outcome", told.outcome), ("error", told.error)];
        // Two who come first at once get the same.
        let counter = self.registry.counter(REQUESTS, &labels);
        counter.increment(1);
        let mut errors = self.errors.write().unwrap_or_else(PoisonError::into_inner);
        errors.push((told, counter));
    }
}
