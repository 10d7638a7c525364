//! How many wrong guesses there may be, and how each one counts. Pure, so that whoever remembers them counts alike: a
//! database that several nodes share, or a map in one process.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::{Digest, Timestamp};

/// Ten wrong guesses in a row, then half a minute, doubling up to a quarter of an hour.
pub const PER_NAME: Limit = Limit {
    failures: 10,
    block: Duration::from_secs(30),
    longest: Duration::from_secs(15 * 60),
    leak: None,
    forget: Duration::from_secs(24 * 3600),
};

/// An address may stand for a whole office, so it has more, and forgets one a minute; enough to stop a walk through a list
/// of names. A right guess takes back its own charge alone, or whoever has one account could walk on for ever.
pub const PER_ADDRESS: Limit = Limit {
    failures: 100,
    leak: Some(Duration::from_secs(60)),
    ..PER_NAME
};

/// One account of the throttle and its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What is counted: `user:` and a digest of the name, `addr:` and an address ….
    pub account: String,
    /// How many failures it may have.
    pub limit: Limit,
}

/// How many wrong guesses in a row are allowed, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The guess that reaches this number blocks the account.
    pub failures: u32,
    /// How long the first block lasts; each further guess doubles it.
    pub block: Duration,
    /// The longest block.
    pub longest: Duration,
    /// How long it takes to forget one failure. `None` forgets none, and counts failures in a row; an account that leaks
    /// counts all, for it is shared, and one right guess proves nothing about the others.
    pub leak: Option<Duration>,
    /// After this long without a guess the count starts again.
    pub forget: Duration,
}

/// The account is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// How long until the next guess is admitted.
    pub retry_after: Duration,
}

/// The guesses of one account so far. An account that was never charged is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Wrong guesses in a row.
    pub failures: u32,
    /// When the last one was charged.
    pub last_at: Timestamp,
    /// Until when no guess is admitted.
    pub blocked_until: Option<Timestamp>,
}

/// The accounts that one guess concerns, by name.
pub type Accounts<'a> = BTreeMap<&'a str, Account>;

/// The accounts that a guess at the password of `username` from `address` is charged to.
pub fn guess(username: &str, address: Option<IpAddr>) -> Vec<Charge> {
    let mut charges = vec![Charge {
        account: name_account(username),
        limit: PER_NAME,
    }];
    if let Some(address) = address {
        charges.push(Charge {
            account: network(address),
            limit: PER_ADDRESS,
        });
    }
    charges
}

/// The account of a name. It is hashed: people type passwords into the wrong field, and names have no bound.
pub fn name_account(username: &str) -> String {
    format!("user:{}", Digest::of(username).to_base64url())
}

/// The account of an address. An IPv6 subscriber has a /64 and may use any address in it.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("addr:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("addr:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Charges one guess to every account in `charges`, or says how long the most patient of them waits and
/// leaves them all as they are. `accounts` holds what is remembered of each.
///
/// # Errors
///
/// [`Throttled`].
pub fn charge<'a>(
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

impl Account {
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
    pub fn forgiven(self, limit: Limit) -> Option<Self> {
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

impl Limit {
    /// Until when an account that has just been charged its `failures`-th guess is blocked, if it is.
    fn blocked_until(&self, failures: u32, now: Timestamp) -> Option<Timestamp> {
        let over = failures.checked_sub(self.failures)?;
        let block = self
            .block
            .saturating_mul(1 << over.min(20))
            .min(self.longest);
        Some(now + block)
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn addresses_of_one_subscriber_count_as_one() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
