//! What is counted, as Prometheus reads it.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The bounds of the times that requests take, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// How long the times of requests lie before they are sorted into the buckets, and their memory is free again.
const PAUSE: Duration = Duration::from_secs(1);
const ABOUT: Metadata<'static> = Metadata::new("gatepass", Level::INFO, None);

/// Every series of a process. Clones are the same registry; who counts often keeps the handle that it has been given.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// The labels of a series. Each value is one of few, never what somebody sends.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

impl Registry {
    /// One in which nothing was counted yet.
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // It fails for no bounds alone.
        let builder = builder
            .set_buckets(&BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        Self(Arc::new(Inner {
            handle: recorder.handle(),
            recorder,
        }))
    }

    /// Says what the series of this name are, for whoever reads them.
    pub fn describe(&self, name: &'static str, text: &'static str) {
        // It asks for the name alone; of which kind they are is seen when they are made.
        let recorder = &self.0.recorder;
        recorder.describe_counter(name.into(), None, text.into());
    }

    /// What only grows.
    pub fn counter(&self, name: &'static str, labels: Labels<'_>) -> Counter {
        let recorder = &self.0.recorder;
        recorder.register_counter(&key(name, labels), &ABOUT)
    }

    /// What goes up and down.
    pub fn gauge(&self, name: &'static str, labels: Labels<'_>) -> Gauge {
        let recorder = &self.0.recorder;
        recorder.register_gauge(&key(name, labels), &ABOUT)
    }

    /// Times in seconds, by how long they were.
    pub fn histogram(&self, name: &'static str, labels: Labels<'_>) -> Histogram {
        let recorder = &self.0.recorder;
        recorder.register_histogram(&key(name, labels), &ABOUT)
    }

    /// Says when the certificate that is served ends.
    pub fn certificate(&self, expires: Timestamp) {
        set_to(
            &self.gauge("gatepass_certificate_expires_seconds", &[]),
            expires,
        );
    }

    /// Everything that was counted, as Prometheus reads it.
    pub fn render(&self) -> String {
        self.0.handle.render()
    }

    /// Sorts times into their buckets, again and again, until it is aborted: nobody else does while nobody asks for the
    /// metrics.
    pub async fn keep(self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            self.0.handle.run_upkeep();
        }
    }
}

/// Sets a gauge to a moment, in seconds since 1970.
pub fn set_to(gauge: &Gauge, moment: Timestamp) {
    // Exact for as long as anybody will use it: 2⁵³ seconds.
    gauge.set(moment.as_secs() as f64);
}

fn key(name: &'static str, labels: Labels<'_>) -> Key {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gatepass_proto::Timestamp;

    use super::Registry;

    #[tokio::test(start_paused = true)]
    async fn what_was_counted_is_said_and_what_it_is() {
        let registry = Registry::new();
        registry.describe("visits_total", "Who came.");
        let visits = registry.counter("visits_total", &[("by", "day")]);
        visits.increment(2);
        registry.gauge("open", &[]).set(1.5);
        let seconds = registry.histogram("seconds", &[]);
        seconds.record(0.003);
        let keeping = tokio::spawn(registry.clone().keep());
        tokio::time::sleep(Duration::from_secs(2)).await;
        keeping.abort();
        seconds.record(0.003);
        registry.certificate(Timestamp::from_secs(2_000_000_000));
        let said = registry.render();
        for line in [
            "# HELP visits_total Who came.",
            "# TYPE visits_total counter",
            r#"visits_total{by="day"} 2"#,
            "open 1.5",
            r#"seconds_bucket{le="0.0025"} 0"#,
            r#"seconds_bucket{le="0.005"} 2"#,
            "gatepass_certificate_expires_seconds 2000000000",
        ] {
            assert!(said.lines().any(|own| own == line), "{line} in {said}");
        }
    }
}
