//! Everybody by turns, so that whatever else the machine does meets all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::program::Contender;
use crate::scenario::Scenario;
use crate::side::{Figures, Side};
use crate::target::Target;

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

/// Measures one scenario at everybody it is for.
pub(crate) async fn run(
    scenario: Scenario,
    plan: &Plan,
    targets: &[Target],
) -> anyhow::Result<Row> {
    let mut sides = Vec::new();
    for target in targets {
        if scenario.is_for(target.contender) {
            let side = warm(scenario, plan, target).await;
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
        ratio: pair.map(|(ours, floor)| share(ours, floor)),
        ratio_by_processor: pair
            .map(|(ours, floor)| floor.figures().processor_us / ours.figures().processor_us),
        figures: sides
            .iter()
            .map(|(contender, side)| (*contender, side.figures()))
            .collect(),
        aim: scenario.aim().map(|percent| f64::from(percent) / 100.0),
    })
}

async fn warm<'a>(scenario: Scenario, plan: &Plan, target: &'a Target) -> anyhow::Result<Side<'a>> {
    let mut workers = Vec::new();
    for _ in 0..plan.connections {
        workers.push(scenario.work(target).await?);
    }
    Side::warm(plan, &target.process, target.address, workers).await
}

/// One's rate as a share of the other's: the median over pairs of neighbouring rounds.
pub(crate) fn share(own: &Side<'_>, other: &Side<'_>) -> f64 {
    let rounds = own.rates().zip(other.rates());
    median(rounds.map(|(own, other)| own / other).collect())
}

/// The middle one; of an even number, the greater of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
