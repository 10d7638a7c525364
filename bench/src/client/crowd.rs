//! Many processes at once, each of which wants the token that is there.

use std::time::Instant;

use serde::Serialize;

use super::printer::Printer;
use crate::pinning;
use crate::rounds::{Plan, median};

/// How many at once.
pub(super) const PROCESSES: usize = 200;

/// How long it takes until all of them are done, ours first.
#[derive(Serialize)]
pub(crate) struct Crowd {
    processes: usize,
    pub(super) rows: Vec<Row>,
}

/// One program.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
    /// Ours as a multiple of this one: the median over the rounds.
    pub(super) times: f64,
}

/// Runs all of them by turns, on both cores.
pub(super) fn measure(plan: &Plan, printers: &[Printer]) -> anyhow::Result<Crowd> {
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let crowds = printers
            .iter()
            .map(|printer| pinning::on_both_cores(|| once(printer))?);
        rounds.push(crowds.collect::<anyhow::Result<Vec<f64>>>()?);
    }
    let rows = printers.iter().enumerate().map(|(at, printer)| {
        let of = |round: &Vec<f64>, at: usize| round.get(at).copied().unwrap_or_default();
        let ratios = rounds.iter().map(|round| of(round, 0) / of(round, at));
        Row {
            name: printer.name,
            seconds: median(rounds.iter().map(|round| of(round, at)).collect()),
            times: median(ratios.collect()),
        }
    });
    Ok(Crowd {
        processes: PROCESSES,
        rows: rows.collect(),
    })
}

fn once(printer: &Printer) -> anyhow::Result<f64> {
    let started = Instant::now();
    let children: Vec<_> = (0..PROCESSES).map(|_| printer.start()).collect();
    for child in children {
        printer.check(child)?;
    }
    Ok(started.elapsed().as_secs_f64())
}
