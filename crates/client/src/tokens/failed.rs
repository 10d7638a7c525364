use std::time::Duration;

use gatepass_http::OsEntropy;
use gatepass_proto::{Entropy as _, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Error;

/// How long a server that could not renew a living token is left alone after the first failure, unless it said how
/// long. It doubles with every failure.
const HOLD_OFF: Duration = Duration::from_secs(10);
/// The longest that a server is left alone of our own accord.
const MAX_HOLD_OFF: Duration = Duration::from_secs(300);
/// The longest that it is left alone because it said so. A wrong clock cannot make it longer either.
const MAX_ASKED: Duration = Duration::from_secs(3600);
/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 300;

/// A renewal that failed. It is kept beside the token that stayed, so that whoever shares the token leaves the server
/// alone too: another task, process or machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRenewal {
    /// When.
    pub at: Timestamp,
    /// Until when the server is left alone while the token lives.
    pub until: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// What went wrong, without any secret.
    pub reason: String,
    /// Whether the same may succeed later.
    pub temporary: bool,
}

impl FailedRenewal {
    /// The failure that follows `before`.
    pub(crate) fn new(before: Option<&Self>, error: &Error, now: Timestamp) -> Self {
        let times = before.map_or(0, |before| before.times);
        let asked = error.retry_after().map(Duration::from_secs);
        let wait = asked.map_or_else(|| pause(times), |asked| asked.min(MAX_ASKED));
        Self {
            at: now,
            until: now + wait,
            times: times.saturating_add(1),
            reason: error.to_string().chars().take(MAX_REASON).collect(),
            temporary: error.is_temporary(),
        }
    }

    /// Whether the server is still left alone. A failure of the future was noted by another clock, and says nothing.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.at <= now && now < self.until && now.since(self.at) < MAX_ASKED
    }

    /// The failure as that of whoever waited since `began` for this renewal.
    pub(crate) fn shared(&self, began: Timestamp) -> Option<Error> {
        (self.temporary && self.at > began).then(|| Error::Renewal(self.reason.clone()))
    }
}

/// A pause that grows with every failure, and differs from one program to the next by up to a quarter, so that those
/// who failed together do not come back together.
fn pause(failures: u32) -> Duration {
    let grown = HOLD_OFF
        .saturating_mul(1 << failures.min(8))
        .min(MAX_HOLD_OFF);
    let mut draw = [0];
    OsEntropy.fill(&mut draw);
    let [draw] = draw;
    grown - grown / 4 * u32::from(draw) / 255
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gatepass_proto::Timestamp;

    use super::{FailedRenewal, HOLD_OFF, MAX_ASKED, MAX_HOLD_OFF, pause};
    use crate::Error;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn busy(retry_after: Option<u64>) -> Error {
        Error::LoginRefused {
            status: http::StatusCode::SERVICE_UNAVAILABLE,
            reason: None,
            retry_after,
        }
    }

    #[test]
    fn a_failing_server_is_left_alone_longer_and_longer() {
        for _ in 0..100 {
            assert!((HOLD_OFF * 3 / 4..=HOLD_OFF).contains(&pause(0)));
            assert!((HOLD_OFF * 3..=HOLD_OFF * 4).contains(&pause(2)));
            assert!((MAX_HOLD_OFF * 3 / 4..=MAX_HOLD_OFF).contains(&pause(u32::MAX)));
        }
    }

    #[test]
    fn a_server_that_says_how_long_is_believed_within_reason() {
        let failed = FailedRenewal::new(None, &busy(Some(90)), NOW);
        assert!(failed.holds(NOW + Duration::from_secs(89)));
        assert!(!failed.holds(NOW + Duration::from_secs(90)));
        let failed = FailedRenewal::new(Some(&failed), &busy(Some(u64::MAX)), NOW);
        assert_eq!((failed.until, failed.times), (NOW + MAX_ASKED, 2));
    }

    #[test]
    fn a_clock_that_was_wrong_holds_nobody_off() {
        let later = NOW + Duration::from_secs(86_400);
        let failed = FailedRenewal::new(None, &busy(Some(90)), later);
        assert!(!failed.holds(NOW));
    }

    #[test]
    fn who_waited_for_it_shares_it_and_nobody_else() {
        let failed = FailedRenewal::new(None, &busy(None), NOW);
        let before = Timestamp::from_secs(999);
        let shared = failed.shared(before).expect("it is shared");
        assert!(
            shared.is_temporary() && shared.to_string().contains("503"),
            "{shared}"
        );
        assert!(failed.shared(NOW).is_none(), "it was over when they came");
        let setup = FailedRenewal::new(None, &Error::Setup("x".into()), NOW);
        assert!(
            setup.shared(before).is_none(),
            "everybody has their own setup"
        );
    }
}
