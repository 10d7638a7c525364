//! What the throttle remembers of an account, and how a guess moves it. Pure, so that every backend counts
//! alike.

use std::collections::BTreeMap;
use std::time::Duration;

use gatepass_proto::Timestamp;

use crate::columns::Columns;
use crate::{Charge, Limit, Throttled};

/// The guesses of one account so far. An account that was never charged is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Wrong guesses in a row.
    pub(crate) failures: u32,
    /// When the last one was charged.
    pub(crate) last_at: Timestamp,
    /// Until when no guess is admitted.
    pub(crate) blocked_until: Option<Timestamp>,
}

impl Account {
    /// As it stands in its table.
    pub(crate) fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            failures: row.small("failures")?,
            last_at: row.time("last_at")?,
            blocked_until: row.some_time("blocked_until")?,
        })
    }

    /// The account after one more guess at `now`.
    fn charged(self, limit: Limit, now: Timestamp) -> Self {
        let idle = now.since(self.last_at);
        let (before, last_at) = if idle >= limit.forget {
            (0, now)
        } else {
            self.leaked(limit, idle, now)
        };
        let failures = before.saturating_add(1);
        Self {
            failures,
            last_at,
            blocked_until: limit.blocked_until(failures, now),
        }
    }

    /// The failures left after `idle`, and up to when the leak has been counted: a part of the next one stays open.
    fn leaked(self, limit: Limit, idle: Duration, now: Timestamp) -> (u32, Timestamp) {
        let Some(leak) = limit.leak.filter(|leak| !leak.is_zero()) else {
            return (self.failures, now);
        };
        let gone = idle.as_millis() / leak.as_millis().max(1);
        match u32::try_from(gone) {
            Ok(gone) if gone < self.failures => (self.failures - gone, self.last_at + leak * gone),
            _ => (0, now),
        }
    }

    /// The account after a right guess; `None` when nothing is left to remember.
    pub(crate) fn forgiven(self, limit: Limit) -> Option<Self> {
        limit.leak?;
        let failures = self.failures.checked_sub(1).filter(|left| *left > 0)?;
        Some(Self {
            failures,
            blocked_until: self.blocked_until.filter(|_| failures >= limit.failures),
            ..self
        })
    }

    /// How long it stays blocked. A block that is longer than any was made by a clock that has been set back since, and is
    /// over; the failures still count, so that the next one blocks again.
    fn wait(self, limit: Limit, now: Timestamp) -> Option<Duration> {
        let until = self.blocked_until.filter(|until| now < *until)?;
        Some(until.since(now)).filter(|wait| *wait <= limit.longest)
    }
}

/// The accounts that one guess concerns, by name.
pub(crate) type Accounts<'a> = BTreeMap<&'a str, Account>;

/// Charges one guess to every account in `charges`, or says how long the most patient of them waits and
/// leaves them all as they are. `accounts` holds what is remembered of each.
pub(crate) fn charge<'a>(
    accounts: &mut Accounts<'a>,
    charges: &'a [Charge],
    now: Timestamp,
) -> Result<(), Throttled> {
    let longest = charges
        .iter()
        .filter_map(|charge| accounts.get(&*charge.account)?.wait(charge.limit, now))
        .max();
    if let Some(retry_after) = longest {
        return Err(Throttled { retry_after });
    }
    for charge in charges {
        let account = accounts.entry(&charge.account).or_default();
        *account = account.charged(charge.limit, now);
    }
    Ok(())
}
