//! What outlives the settings.

use gatepass_guard::SeenProofs;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use gatepass_proto::dpop::Nonces;

use super::users::Attempts;

/// What stays through a reload whatever the settings say: who guessed how often is not forgotten for a new rule, nonces that
/// were given away still count, and no proof passes twice.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) attempts: Attempts,
    /// Under a key that never leaves the process.
    pub(super) nonces: Nonces,
    pub(super) seen: SeenProofs,
}

impl Kept {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        OsEntropy.fill(&mut key);
        Self {
            attempts: Attempts::default(),
            nonces: Nonces::new(&key),
            seen: SeenProofs::default(),
        }
    }
}
