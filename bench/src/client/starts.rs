//! Whole processes one after the other, by turns: from the start to the end.

use serde::Serialize;

use super::printer::Printer;
use crate::rounds::{Plan, median};

/// How often each program is run in a round.
const RUNS: usize = 100;

/// How long each program takes, ours first.
#[derive(Serialize)]
pub(crate) struct Starts {
    pub(super) rows: Vec<Row>,
}

/// One program.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(super) name: &'static str,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Ours as a multiple of this one: the median over the rounds' medians.
    pub(super) times: f64,
}

/// Runs all of them by turns.
pub(super) fn measure(plan: &Plan, printers: &[Printer]) -> anyhow::Result<Starts> {
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let mut taken = vec![Vec::with_capacity(RUNS); printers.len()];
        for _ in 0..RUNS {
            for (printer, taken) in printers.iter().zip(&mut taken) {
                taken.push(printer.run()?.as_secs_f64() * 1000.0);
            }
        }
        rounds.push(taken);
    }
    let rows = printers.iter().enumerate().map(|(at, printer)| {
        let of = |round: &Vec<Vec<f64>>, at: usize| round.get(at).cloned().unwrap_or_default();
        let medians = rounds
            .iter()
            .map(|round| median(of(round, 0)) / median(of(round, at)));
        let mut all: Vec<f64> = rounds.iter().flat_map(|round| of(round, at)).collect();
        all.sort_by(f64::total_cmp);
        Row {
            name: printer.name,
            p50_ms: percentile(&all, 50),
            p99_ms: percentile(&all, 99),
            times: median(medians.collect()),
        }
    });
    Ok(Starts {
        rows: rows.collect(),
    })
}

/// Of values in order.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            (percentile(&values, 50), percentile(&values, 99)),
            (51.0, 100.0)
        );
        assert_eq!((percentile(&[7.0], 99), percentile(&[], 50)), (7.0, 0.0));
    }
}
