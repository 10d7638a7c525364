//! Several at the same work by turns, the first of which the others are compared with.

use std::fmt;
use std::net::SocketAddr;

use anyhow::Context as _;
use serde::Serialize;

use super::service::FIELD;
use crate::process::Process;
use crate::rounds::{Plan, share};
use crate::side::{Figures, Side};
use crate::work::Work;

/// One of them.
pub(super) struct Entry<'a> {
    pub(super) name: &'static str,
    /// Whose processor time is counted.
    pub(super) process: &'a Process,
    pub(super) address: SocketAddr,
    pub(super) request: Vec<u8>,
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct Table {
    title: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    figures: Figures,
    /// Its rate as a share of the first one's: the median over pairs of neighbouring rounds.
    ratio: f64,
}

impl Table {
    /// Measures them.
    pub(super) async fn measure(
        title: &'static str,
        plan: &Plan,
        entries: &[Entry<'_>],
    ) -> anyhow::Result<Self> {
        let mut sides = Vec::new();
        for entry in entries {
            let work = || Work::Same {
                request: entry.request.clone(),
                field: FIELD,
            };
            let workers = (0..plan.connections).map(|_| work()).collect();
            let side = Side::warm(plan, entry.process, entry.address, workers).await;
            sides.push(side.context(entry.name)?);
        }
        for _ in 0..plan.rounds {
            for (entry, side) in entries.iter().zip(&mut sides) {
                side.round(plan).await.context(entry.name)?;
            }
        }
        let first = sides.first().context("nothing to measure")?;
        let rows = entries.iter().zip(&sides).map(|(entry, side)| Row {
            name: entry.name,
            figures: side.figures(),
            ratio: share(side, first),
        });
        Ok(Self {
            title,
            rows: rows.collect(),
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<36}{:>9}{:>9}{:>9}{:>9}{:>9}",
            self.title, "per s", "CPU µs", "p50 ms", "p99 ms", "ratio"
        )?;
        for Row {
            name,
            figures,
            ratio,
        } in &self.rows
        {
            let ratio = format!("{:.0} %", ratio * 100.0);
            writeln!(
                f,
                "  {name:<34}{:>9.0}{:>9.1}{:>9.2}{:>9.2}{ratio:>9}",
                figures.per_second, figures.processor_us, figures.p50_ms, figures.p99_ms
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for super::Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.layer, self.proxies)?;
        writeln!(
            f,
            "{:<36}{:>9}{:>9}{:>9}{:>9}",
            "memory with open streams", "streams", "idle MB", "open MB", "kB each"
        )?;
        self.streams.iter().try_for_each(|own| own.fmt(f))
    }
}
