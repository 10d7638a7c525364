//! When a key comes and goes: it is made and published, signs when its time has come, is published on until nothing that
//! it signed can be of use, and goes.

use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::record::SealedKey;

/// How long each part of a key's life takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    /// How long a key signs; never replaced by itself when zero.
    pub(crate) every: Duration,
    /// How long a new key is known before it signs.
    pub(crate) publish_before: Duration,
    /// How long it is known after it has signed for the last time.
    pub(crate) keep: Duration,
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is known, and signs from `activates_at` on.
    Published,
    /// What is signed now is signed by it.
    Signs,
    /// Another one has signed since then; what it signed before is still good.
    Retired(Timestamp),
    /// Nothing that it signed is of use any more.
    Over,
}

/// The keys for one use, in the order in which they sign: each until the next one's time has come.
pub(crate) struct Line<'a>(Vec<&'a SealedKey>);

impl<'a> Line<'a> {
    /// Those keys, in whatever order they come.
    pub(crate) fn of(keys: impl IntoIterator<Item = &'a SealedKey>) -> Self {
        let mut line: Vec<_> = keys.into_iter().collect();
        line.sort_unstable_by_key(|key| (key.activates_at, &key.key_id));
        Self(line)
    }

    /// The key that signs at `now`. While the first one's time has not come, it does nevertheless: there is no other.
    pub(crate) fn signer(&self, now: Timestamp) -> Option<&'a SealedKey> {
        self.0.get(self.signing(now)).copied()
    }

    /// The keys, in the order in which they sign.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a SealedKey> {
        self.0.iter().copied()
    }

    /// The key that is to sign after all the others.
    pub(crate) fn newest(&self) -> Option<&'a SealedKey> {
        self.0.last().copied()
    }

    /// Each key with its state at `now`, if it is kept for so long after it has signed.
    pub(crate) fn states(
        &self,
        now: Timestamp,
        keep: Duration,
    ) -> impl Iterator<Item = (&'a SealedKey, State)> {
        let signing = self.signing(now);
        let successors = self.0.iter().skip(1).map(Some).chain([None]);
        let keys = self.0.iter().zip(successors).enumerate();
        keys.map(move |(at, (key, successor))| {
            let state = match successor {
                Some(successor) if at < signing => {
                    let since = successor.activates_at;
                    if now < since + keep {
                        State::Retired(since)
                    } else {
                        State::Over
                    }
                }
                _ if at == signing => State::Signs,
                _ => State::Published,
            };
            (*key, state)
        })
    }

    /// When the key that has to be made at `now` would sign, if one has to be made: the first one at once, its successors
    /// after they have been known for long enough.
    pub(crate) fn due(&self, now: Timestamp, periods: &Periods) -> Option<Timestamp> {
        let Some(newest) = self.newest() else {
            return Some(now);
        };
        let at_the_earliest = now + periods.publish_before;
        let turn = newest.activates_at + periods.every;
        (!periods.every.is_zero() && turn <= at_the_earliest).then_some(at_the_earliest)
    }

    fn signing(&self, now: Timestamp) -> usize {
        let begun = self.0.partition_point(|key| key.activates_at <= now);
        begun.saturating_sub(1)
    }
}
