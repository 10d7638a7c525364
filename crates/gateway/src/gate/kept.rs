//! What outlives the settings.

use gatepass_guard::SeenProofs;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use gatepass_proto::dpop::Nonces;

use super::users::Attempts;
use crate::config::Config;
use crate::meter::Meter;
use crate::open::Open;

/// What stays through a reload whatever the settings say: who guessed how often is not forgotten for a new rule, nonces that
/// were given away still count, no proof passes twice, and what was counted is counted on.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(super) attempts: Attempts,
    /// Under a key that never leaves the process.
    pub(super) nonces: Nonces,
    pub(super) seen: SeenProofs,
    pub(crate) meter: Meter,
    /// What lasts, begun by whatever settings.
    pub(super) open: Open,
}

impl Kept {
    /// Nothing yet, for a gate that starts with these settings.
    pub(super) fn new(config: &Config) -> Self {
        let mut key = [0; 32];
        OsEntropy.fill(&mut key);
        let meter = match config.operations_listen {
            Some(_) => Meter::new(),
            None => Meter::default(),
        };
        Self {
            attempts: Attempts::default(),
            nonces: Nonces::new(&key),
            seen: SeenProofs::default(),
            open: meter.open(),
            meter,
        }
    }
}
