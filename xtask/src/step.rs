//! A step of a task: a heading, the work, the time it took.

use std::time::Instant;

use anyhow::{Result, anyhow};

/// Does `work` under a heading. `advice` says what to do when it fails.
pub(crate) fn step<T>(title: &str, advice: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n==> {title}");
    let begun = Instant::now();
    let outcome = work();
    let seconds = begun.elapsed().as_secs_f64();
    let mark = if outcome.is_ok() { "ok" } else { "FAILED" };
    println!("<== {title}: {mark} after {seconds:.1} s");
    outcome.map_err(|error| anyhow!("{title} failed: {error:#}\nwhat to do: {advice}"))
}

/// For a task that takes no arguments.
pub(crate) fn no_arguments(arguments: &[String]) -> Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(first) => anyhow::bail!("unexpected argument `{first}`: this task takes none"),
    }
}
