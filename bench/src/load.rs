//! Many connections, each asking as soon as it is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::process::Process;
use crate::work::Work;

/// What came of one round.
pub(crate) struct Measurement {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Processor time of the server per answer, in microseconds.
    pub(crate) processor: f64,
    /// Microseconds from request to answer, in order.
    latencies: Vec<u32>,
}

impl Measurement {
    /// A percentile of the latencies, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        f64::from(self.latencies.get(at).copied().unwrap_or_default()) / 1000.0
    }
}

/// Keeps every worker busy for `span` on a connection of its own to `address`, where `process` listens. The workers come
/// back, for they have learnt.
pub(crate) async fn run(
    process: &Process,
    address: SocketAddr,
    workers: Vec<Work>,
    span: Duration,
) -> anyhow::Result<(Measurement, Vec<Work>)> {
    let mut ready = Vec::with_capacity(workers.len());
    for work in workers {
        ready.push((work, Connection::open(address).await?));
    }
    let spent = process.processor_time()?;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (work, connection) in ready {
        tasks.spawn(toil(work, connection, started + span));
    }
    let mut latencies = Vec::new();
    let mut workers = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (work, own) = done??;
        workers.push(work);
        latencies.extend(own);
    }
    let elapsed = started.elapsed();
    let spent = process.processor_time()?.saturating_sub(spent);
    latencies.sort_unstable();
    let count = u32::try_from(latencies.len()).map_or(f64::MAX, f64::from);
    let measured = Measurement {
        rate: count / elapsed.as_secs_f64(),
        processor: spent.as_secs_f64() * 1e6 / count.max(1.0),
        latencies,
    };
    Ok((measured, workers))
}

async fn toil(
    mut work: Work,
    mut connection: Connection,
    until: Instant,
) -> anyhow::Result<(Work, Vec<u32>)> {
    let mut latencies = Vec::with_capacity(16 * 1024);
    let mut request = Vec::new();
    loop {
        let asked = Instant::now();
        if asked >= until {
            return Ok((work, latencies));
        }
        loop {
            work.next(&mut request);
            let answer = connection.exchange(&request).await?;
            if work.accept(&answer)? {
                break;
            }
        }
        latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}
