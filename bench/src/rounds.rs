//! Everybody by turns, so that whatever else the machine does meets all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::load::{self, Measurement};
use crate::program::Contender;
use crate::scenario::Scenario;
use crate::target::Target;
use crate::work::Work;

/// How much is measured.
pub(crate) struct Plan {
    /// Of one round.
    pub(crate) span: Duration,
    /// Of each program.
    pub(crate) rounds: u32,
    /// Each with one request under way.
    pub(crate) connections: u32,
}

/// The medians over the rounds of one scenario.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figures: BTreeMap<Contender, Figures>,
    /// Ours on SQLite as a share of the floor's rate: the median over pairs of neighbouring rounds.
    pub(crate) ratio: Option<f64>,
    /// The same by processor time per answer, which other programs on the machine disturb much less.
    pub(crate) ratio_by_processor: Option<f64>,
    /// The same, as it should be at least.
    pub(crate) aim: Option<f64>,
}

/// One program.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) processor_us: f64,
}

/// Measures one scenario at everybody it is for.
pub(crate) async fn run(
    scenario: Scenario,
    plan: &Plan,
    targets: &[Target],
) -> anyhow::Result<Row> {
    let mut sides = Vec::new();
    for target in targets {
        if scenario.is_for(target.contender) {
            let side = Side::warm(scenario, plan, target).await;
            let side = side.with_context(|| format!("{:?}", target.contender))?;
            sides.push((target.contender, side));
        }
    }
    for _ in 0..plan.rounds {
        for (_, side) in &mut sides {
            side.round(plan).await?;
        }
    }
    let of = |contender| {
        let found = sides.iter().find(|(own, _)| *own == contender);
        found.map(|(_, side)| side)
    };
    let pair = of(Contender::Sqlite).zip(of(Contender::Floor));
    Ok(Row {
        what: scenario.to_string(),
        ratio: pair.map(|(ours, floor)| {
            let rounds = ours.rounds.iter().zip(&floor.rounds);
            median(rounds.map(|(ours, floor)| ours.rate / floor.rate).collect())
        }),
        ratio_by_processor: pair
            .map(|(ours, floor)| floor.figures().processor_us / ours.figures().processor_us),
        figures: sides
            .iter()
            .map(|(contender, side)| (*contender, side.figures()))
            .collect(),
        aim: scenario.aim().map(|percent| f64::from(percent) / 100.0),
    })
}

struct Side<'a> {
    target: &'a Target,
    workers: Vec<Work>,
    rounds: Vec<Measurement>,
}

impl<'a> Side<'a> {
    async fn warm(scenario: Scenario, plan: &Plan, target: &'a Target) -> anyhow::Result<Self> {
        let mut workers = Vec::new();
        for _ in 0..plan.connections {
            workers.push(scenario.work(target).await?);
        }
        let (_, workers) = load::run(target, workers, plan.span / 3).await?;
        Ok(Self {
            target,
            workers,
            rounds: Vec::new(),
        })
    }

    async fn round(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let workers = std::mem::take(&mut self.workers);
        let (measured, workers) = load::run(self.target, workers, plan.span).await?;
        self.workers = workers;
        self.rounds.push(measured);
        Ok(())
    }

    fn figures(&self) -> Figures {
        let of = |figure: fn(&Measurement) -> f64| median(self.rounds.iter().map(figure).collect());
        Figures {
            per_second: of(|round| round.rate),
            p50_ms: of(|round| round.percentile(50)),
            p99_ms: of(|round| round.percentile(99)),
            processor_us: of(|round| round.processor),
        }
    }
}

/// The middle one; of an even number, the greater of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
