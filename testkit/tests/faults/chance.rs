//! What is left to chance, and for how long.

use std::time::{Duration, Instant, SystemTime};

use gatepass_testkit::Seeded;

/// How many minutes `cargo xtask faults --minutes` gives; nothing in the gate.
const MINUTES: &str = "GATEPASS_FAULT_MINUTES";

/// The minutes that were asked for.
pub(crate) fn minutes() -> Option<u64> {
    let text = std::env::var(MINUTES).ok()?;
    Some(text.parse().expect("a number of minutes"))
}

/// Rounds with a dice: so many, and more while there is time.
pub(crate) struct Rounds {
    least: u32,
    done: u32,
    until: Instant,
    dice: Seeded,
}

impl Rounds {
    pub(crate) fn new(least: u32) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = now.map_or(0, |since| since.subsec_nanos().into());
        Self {
            least,
            done: 0,
            until: Instant::now() + Duration::from_secs(60 * minutes().unwrap_or_default()),
            dice: Seeded::new(seed),
        }
    }

    /// The number of the next round, if there is one.
    pub(crate) fn another(&mut self) -> Option<u32> {
        let more = self.done < self.least || Instant::now() < self.until;
        more.then(|| {
            self.done += 1;
            self.done
        })
    }

    /// Somewhere between two numbers of milliseconds.
    pub(crate) fn moment(&mut self, from: u64, to: u64) -> Duration {
        let span = usize::try_from(to - from).expect("a moment");
        let more = u64::try_from(self.dice.below(span)).expect("a moment");
        Duration::from_millis(from + more)
    }
}
