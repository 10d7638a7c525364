//! What the guard counts, for Prometheus.

mod series;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use gatepass_guard::AtIssuer;
use gatepass_http::{Clock as _, SystemClock};
use gatepass_listen::{Histogram, Registry, set_to};
use gatepass_proto::Timestamp;
use http::Response;

use crate::open::Open;
use crate::outcome::Outcome;
use series::Series;

/// Counts what a guard does; nothing, where nobody is to be told. A request costs a few additions.
#[derive(Clone, Default)]
pub(crate) struct Meter(Option<Arc<Series>>);

impl Meter {
    /// One that counts, for a guard whose settings have just been read.
    pub(crate) fn new() -> Self {
        let series = Series::new();
        set_to(&series.loaded, SystemClock.now());
        Self(Some(Arc::new(series)))
    }

    /// Where all of it stands, if it is counted.
    pub(crate) fn registry(&self) -> Option<&Registry> {
        self.0.as_ref().map(|series| &series.registry)
    }

    /// A request that has come.
    pub(crate) fn request(&self) -> Counting<'_> {
        Counting(self.0.as_deref())
    }

    /// A request that goes to the API.
    pub(crate) fn sent(&self) -> Sent<'_> {
        let series = self.0.as_deref();
        Sent(series.map(|series| (&series.seconds, Instant::now())))
    }

    /// For the answers that have begun, and the WebSockets that are open.
    pub(crate) fn open(&self) -> Open {
        match &self.0 {
            Some(series) => Open::new(series.answers.clone(), series.websockets.clone()),
            None => Open::default(),
        }
    }

    /// Something happened between the guard and an issuer.
    pub(crate) fn at_issuer(&self, what: AtIssuer) {
        let Some(series) = &self.0 else { return };
        let counter = match what {
            AtIssuer::Asked => &series.asked,
            AtIssuer::Silent => &series.silent,
            AtIssuer::Remembered => &series.remembered,
            AtIssuer::NotFetched => &series.not_fetched,
            _ => return,
        };
        counter.increment(1);
    }

    /// The settings were read again, and taken or not.
    pub(crate) fn reloaded(&self, taken: bool) {
        let Some(series) = &self.0 else { return };
        match taken {
            true => {
                series.reloaded.increment(1);
                set_to(&series.loaded, SystemClock.now());
            }
            false => series.not_reloaded.increment(1),
        }
    }

    /// When the certificate that is served ends.
    pub(crate) fn certificate(&self, expires: Timestamp) {
        if let Some(registry) = self.registry() {
            registry.certificate(expires);
        }
    }
}

/// A request that is being answered. One that is given up counts as well.
pub(crate) struct Counting<'a>(Option<&'a Series>);

impl Counting<'_> {
    /// This is the answer.
    pub(crate) fn answered(mut self, answer: &mut Response<Body>) {
        if let Some(series) = self.0.take() {
            series.answered(answer);
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        if let Some(series) = self.0 {
            series.abandoned.increment(1);
        }
    }
}

/// A request that is at the API.
pub(crate) struct Sent<'a>(Option<(&'a Histogram, Instant)>);

impl Sent<'_> {
    /// This came back.
    pub(crate) fn came_back(self, answer: &Response<Body>) {
        if let Some((seconds, began)) = self.0
            && Outcome::is_the_apis(answer)
        {
            seconds.record(began.elapsed().as_secs_f64());
        }
    }
}
