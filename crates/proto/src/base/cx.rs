use super::Timestamp;

/// A source of random bytes. The core never draws its own, so that tests can replay a run from a seed.
pub trait Entropy: Send {
    /// Fills `out` with bytes that nobody can predict (in production; tests seed it).
    fn fill(&mut self, out: &mut [u8]);
}

/// What the outside world contributes to a decision: the moment, and randomness.
pub struct Cx<'a> {
    /// The moment at which the decision is made.
    pub now: Timestamp,
    /// Where identifiers and secrets come from.
    pub entropy: &'a mut dyn Entropy,
}

impl<'a> Cx<'a> {
    /// A context at `now` that draws from `entropy`.
    pub fn new(now: Timestamp, entropy: &'a mut dyn Entropy) -> Self {
        Self { now, entropy }
    }

    /// `N` fresh random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.entropy.fill(&mut out);
        out
    }
}

impl std::fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cx")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
