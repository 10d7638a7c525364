use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatepass_proto::Timestamp;
use gatepass_proto::throttle::{self, Account, Accounts, Charge, Throttled};

/// The most accounts that are remembered besides those that must be: some three megabytes.
const MOST: usize = 16 * 1024;

/// Wrong guesses so far, in this process alone. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Guesses(Arc<Mutex<HashMap<String, Account>>>);

impl Guesses {
    /// Charges one guess to all of these accounts, or to none and says how long to wait. It is one step, so that parallel
    /// guesses count exactly. Where there is no more room those make some that were charged longest ago, but for `kept`:
    /// whoever guesses at names that nobody has cannot have a real one forgotten.
    ///
    /// # Errors
    ///
    /// [`Throttled`].
    pub(super) fn charge(
        &self,
        charges: &[Charge],
        kept: &HashSet<String>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.charge_among(MOST, charges, kept, now)
    }

    fn charge_among(
        &self,
        most: usize,
        charges: &[Charge],
        kept: &HashSet<String>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let mut known = self.known();
        let names = charges.iter().map(|charge| charge.account.as_str());
        let found = names.map(|name| (name, known.get(name).copied().unwrap_or_default()));
        let mut accounts: Accounts<'_> = found.collect();
        throttle::charge(&mut accounts, charges, now)?;
        for (name, account) in accounts {
            known.insert(name.to_owned(), account);
        }
        if known.len() > most + kept.len() {
            make_room(&mut known, kept);
        }
        Ok(())
    }

    /// Takes back what a right guess was charged.
    pub(super) fn forgive(&self, charges: &[Charge]) {
        let mut known = self.known();
        for Charge { account, limit } in charges {
            let before = known.remove(account);
            if let Some(left) = before.and_then(|before| before.forgiven(*limit)) {
                known.insert(account.clone(), left);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a quarter of those that need not be kept, so that nobody has to look for room again soon.
fn make_room(known: &mut HashMap<String, Account>, kept: &HashSet<String>) {
    let others = known.iter().filter(|(name, _)| !kept.contains(*name));
    let mut ages: Vec<Timestamp> = others.map(|(_, account)| account.last_at).collect();
    let quarter = ages.len() / 4;
    if ages.is_empty() {
        return;
    }
    let (_, newest, _) = ages.select_nth_unstable(quarter);
    let newest = *newest;
    known.retain(|name, account| kept.contains(name) || account.last_at > newest);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use gatepass_proto::Timestamp;
    use gatepass_proto::throttle::{self, Charge};

    use super::Guesses;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn guess(name: &str) -> Vec<Charge> {
        throttle::guess(name, None)
    }

    #[test]
    fn the_oldest_make_room_and_users_never() {
        let guesses = Guesses::default();
        let kept = HashSet::from([throttle::name_account("ann")]);
        let charge = |name: &str, second| {
            guesses
                .charge_among(8, &guess(name), &kept, at(second))
                .is_ok()
        };
        for second in 1..=10 {
            assert!(charge("ann", second));
        }
        assert!(!charge("ann", 11));
        for _ in 0..10 {
            assert!(charge("eve", 12));
        }
        assert!(!charge("eve", 13));
        for n in 0..1000 {
            assert!(charge(&format!("nobody {n}"), 14 + n % 8));
            assert!(guesses.known().len() <= 9);
        }
        assert!(charge("eve", 21), "forgotten among so many");
        assert!(!charge("ann", 21), "never forgotten");
    }

    #[test]
    fn a_right_guess_leaves_nothing_behind() {
        let guesses = Guesses::default();
        let from = Some("192.0.2.1".parse().expect("an address"));
        let charges = throttle::guess("ann", from);
        let none = HashSet::new();
        guesses.charge(&charges, &none, at(1)).expect("admitted");
        assert_eq!(guesses.known().len(), 2);
        guesses.forgive(&charges);
        assert!(guesses.known().is_empty());
    }
}
