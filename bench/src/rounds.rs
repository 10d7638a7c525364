//! Ours and the floor by turns, so that whatever else the machine does meets both.

use std::time::Duration;

use serde::Serialize;

use crate::load::{self, Measurement};
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
    pub(crate) ours: Figures,
    pub(crate) floor: Option<Figures>,
    /// Ours as a share of the floor's rate: the median over pairs of neighbouring rounds.
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

/// Measures one scenario.
pub(crate) async fn run(
    scenario: Scenario,
    plan: &Plan,
    ours: &Target,
    floor: &Target,
) -> anyhow::Result<Row> {
    let mut ours = Side::warm(scenario, plan, ours).await?;
    let mut floor = match scenario.has_floor() {
        true => Some(Side::warm(scenario, plan, floor).await?),
        false => None,
    };
    for _ in 0..plan.rounds {
        ours.round(plan).await?;
        if let Some(floor) = &mut floor {
            floor.round(plan).await?;
        }
    }
    let ratio = floor.as_ref().map(|floor| {
        let pairs = ours.rounds.iter().zip(&floor.rounds);
        median(pairs.map(|(ours, floor)| ours.rate / floor.rate).collect())
    });
    let floor = floor.map(|floor| floor.figures());
    let ours = ours.figures();
    Ok(Row {
        what: scenario.to_string(),
        ratio,
        ratio_by_processor: floor
            .as_ref()
            .map(|floor| floor.processor_us / ours.processor_us),
        ours,
        floor,
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
