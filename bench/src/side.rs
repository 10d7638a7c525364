//! One of several that take turns.

use std::net::SocketAddr;

use serde::Serialize;

use crate::load::{self, Measurement};
use crate::process::Process;
use crate::rounds::{Plan, median};
use crate::work::Work;

/// What it has shown.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) processor_us: f64,
}

/// A process under load, at one of its addresses.
pub(crate) struct Side<'a> {
    process: &'a Process,
    address: SocketAddr,
    workers: Vec<Work>,
    rounds: Vec<Measurement>,
}

impl<'a> Side<'a> {
    /// One that has been used for a while: each of `workers` has a connection.
    pub(crate) async fn warm(
        plan: &Plan,
        process: &'a Process,
        address: SocketAddr,
        workers: Vec<Work>,
    ) -> anyhow::Result<Self> {
        let (_, workers) = load::run(process, address, workers, plan.span / 3).await?;
        Ok(Self {
            process,
            address,
            workers,
            rounds: Vec::new(),
        })
    }

    /// Its turn.
    pub(crate) async fn round(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let workers = std::mem::take(&mut self.workers);
        let (measured, workers) = load::run(self.process, self.address, workers, plan.span).await?;
        self.workers = workers;
        self.rounds.push(measured);
        Ok(())
    }

    /// The answers per second of each round.
    pub(crate) fn rates(&self) -> impl Iterator<Item = f64> {
        self.rounds.iter().map(|round| round.rate)
    }

    /// The medians over the rounds.
    pub(crate) fn figures(&self) -> Figures {
        let of = |figure: fn(&Measurement) -> f64| median(self.rounds.iter().map(figure).collect());
        Figures {
            per_second: of(|round| round.rate),
            p50_ms: of(|round| round.percentile(50)),
            p99_ms: of(|round| round.percentile(99)),
            processor_us: of(|round| round.processor),
        }
    }
}
