//! From the start of the process to its first answer.

use std::time::Instant;

use serde::Serialize;

use crate::connection::Connection;
use crate::program::Program;
use crate::rounds::median;
use crate::target::Target;
use crate::work::get;

/// How often each program is started.
const STARTS: usize = 11;

/// Milliseconds to the first answer, the medians of several starts. Ours opens a database that is there already.
#[derive(Serialize)]
pub(crate) struct Start {
    pub(crate) ours_ms: f64,
    pub(crate) floor_ms: f64,
}

/// Starts both programs by turns.
pub(crate) async fn measure(gatepass: &Program, floor: &Program) -> anyhow::Result<Start> {
    let (mut ours_ms, mut floor_ms) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        ours_ms.push(once(gatepass).await?);
        floor_ms.push(once(floor).await?);
    }
    Ok(Start {
        ours_ms: median(ours_ms),
        floor_ms: median(floor_ms),
    })
}

async fn once(program: &Program) -> anyhow::Result<f64> {
    let started = Instant::now();
    let target = Target::start(program).await?;
    let mut connection = Connection::open(target.address).await?;
    let answer = connection
        .exchange(&get(&target, target.dialect.jwks))
        .await?;
    anyhow::ensure!(
        answer.status == 200,
        "the first answer was {}",
        answer.status
    );
    let elapsed = started.elapsed();
    drop(connection);
    target.process.stop().await?;
    Ok(elapsed.as_secs_f64() * 1000.0)
}
