//! Resident memory.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::program::Contender;
use crate::target::Target;

/// How long a program is left alone before it counts as idle.
const REST: Duration = Duration::from_secs(1);

/// Resident memory of each program, in bytes.
#[derive(Serialize)]
pub(crate) struct Memory(pub(crate) BTreeMap<Contender, Resident>);

/// Of one program.
#[derive(Serialize)]
pub(crate) struct Resident {
    pub(crate) idle: u64,
    pub(crate) after_load: u64,
}

impl Memory {
    /// As it is before the first request.
    pub(crate) async fn idle(targets: &[Target]) -> anyhow::Result<Self> {
        tokio::time::sleep(REST).await;
        let mut memory = BTreeMap::new();
        for target in targets {
            let idle = target.process.resident()?;
            let after_load = idle;
            memory.insert(target.contender, Resident { idle, after_load });
        }
        Ok(Self(memory))
    }

    /// As it is after the last one.
    pub(crate) fn after_load(&mut self, targets: &[Target]) -> anyhow::Result<()> {
        for target in targets {
            if let Some(resident) = self.0.get_mut(&target.contender) {
                resident.after_load = target.process.resident()?;
            }
        }
        Ok(())
    }
}
