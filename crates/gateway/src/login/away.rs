//! What a cookie remembers while the browser is away at the provider: one for each login under way, so that several tabs
//! can log in at once.

use std::time::Duration;

use gatepass_proto::flow::PendingLogin;
use gatepass_proto::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::StepUp;

/// How long a person may take at the provider.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// The most logins under way in one browser.
pub(super) const MOST: usize = 4;
/// How many characters tell one from the others: 96 bits of its `state`'s hash.
const TAG: usize = 16;

/// A login whose browser is away.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Away {
    /// What the flow goes on from.
    pub(super) pending: PendingLogin,
    /// Where the person goes afterwards, a URL of this service.
    pub(super) return_to: String,
    /// When they left.
    pub(super) since: Timestamp,
    /// The session that the provider is asked about without the person (`prompt=none`); none where they log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) silent: Option<String>,
    /// The `acr_values` that were demanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) acr_values: Vec<String>,
    /// The `max_age` that was demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_age: Option<u64>,
}

impl Away {
    /// What was demanded of the login.
    pub(super) fn step_up(&self) -> StepUp {
        StepUp {
            acr_values: self.acr_values.clone(),
            max_age: self.max_age,
        }
    }

    /// Whether the person may still come back.
    pub(super) fn is_awaited(&self, now: Timestamp) -> bool {
        now.since(self.since) < PATIENCE
    }
}

/// What tells the login with this `state` from the others, in its cookie's name.
pub(super) fn tag(state: &str) -> String {
    let mut tag = Digest::of(state).to_base64url();
    tag.truncate(TAG);
    tag
}
