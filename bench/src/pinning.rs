//! The programs under test run on one core, the load on the other; and what the load costs.

/// Where the programs under test run.
#[cfg(target_os = "linux")]
const SERVER_CORE: usize = 0;
/// Where the load runs.
#[cfg(target_os = "linux")]
const LOAD_CORE: usize = 1;

/// Moves this thread to the core of the load.
#[cfg(target_os = "linux")]
pub(crate) fn to_load_core() -> anyhow::Result<()> {
    use anyhow::Context as _;
    to(LOAD_CORE).context("the load needs a second core")
}

/// Runs `start`, whose child processes stay on the servers' core.
#[cfg(target_os = "linux")]
pub(crate) fn on_server_core<T>(start: impl FnOnce() -> T) -> anyhow::Result<T> {
    to(SERVER_CORE)?;
    let started = start();
    to(LOAD_CORE)?;
    Ok(started)
}

/// Runs `start`, whose child processes may use both cores.
#[cfg(target_os = "linux")]
pub(crate) fn on_both_cores<T>(start: impl FnOnce() -> T) -> anyhow::Result<T> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(SERVER_CORE);
    set.set(LOAD_CORE);
    rustix::thread::sched_setaffinity(None, &set)?;
    let started = start();
    to(LOAD_CORE)?;
    Ok(started)
}

/// The processor time that this process has used so far.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time() -> anyhow::Result<std::time::Duration> {
    use rustix::time::{ClockId, clock_gettime};

    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}

#[cfg(target_os = "linux")]
fn to(core: usize) -> anyhow::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn to_load_core() -> anyhow::Result<()> {
    anyhow::bail!("the benchmark pins programs to cores and reads /proc, so it runs on Linux alone")
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn on_server_core<T>(start: impl FnOnce() -> T) -> anyhow::Result<T> {
    Ok(start())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn on_both_cores<T>(start: impl FnOnce() -> T) -> anyhow::Result<T> {
    Ok(start())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn processor_time() -> anyhow::Result<std::time::Duration> {
    Ok(std::time::Duration::ZERO)
}
