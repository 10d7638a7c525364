//! Resident memory.

use std::time::Duration;

use serde::Serialize;

use crate::target::Target;

/// How long a program is left alone before it counts as idle.
const REST: Duration = Duration::from_secs(1);

/// Resident memory of both programs, in bytes.
#[derive(Serialize)]
pub(crate) struct Memory {
    pub(crate) ours_idle: u64,
    pub(crate) ours_after_load: u64,
    pub(crate) floor_idle: u64,
    pub(crate) floor_after_load: u64,
}

impl Memory {
    /// As they are before the first request.
    pub(crate) async fn idle(ours: &Target, floor: &Target) -> anyhow::Result<Self> {
        tokio::time::sleep(REST).await;
        let (ours, floor) = (ours.resident()?, floor.resident()?);
        Ok(Self {
            ours_idle: ours,
            ours_after_load: ours,
            floor_idle: floor,
            floor_after_load: floor,
        })
    }

    /// As they are after the last one.
    pub(crate) fn after_load(&mut self, ours: &Target, floor: &Target) -> anyhow::Result<()> {
        self.ours_after_load = ours.resident()?;
        self.floor_after_load = floor.resident()?;
        Ok(())
    }
}
