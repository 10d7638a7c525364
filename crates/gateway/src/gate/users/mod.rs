//! Who may come with a name and a password, by the settings.

mod guesses;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass_guard::passwords::{Busy, HashedPassword, Passwords};
use gatepass_guard::{Unavailable, UserCheck, Users};
use gatepass_http::Clock;
use gatepass_proto::throttle::{self, Throttled};
use gatepass_proto::{Secret, UserId};

use crate::config::UserEntry;
use guesses::Guesses;

/// The longest name that is looked up, in bytes: as long as one may be in the settings.
const MAX_NAME: usize = 256;

/// What outlives the settings: how often was guessed, and how many passwords are hashed now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts {
    guesses: Guesses,
    passwords: Passwords,
}

/// The users of the settings.
pub(super) struct People {
    entries: Vec<UserEntry>,
    by_name: HashMap<String, usize>,
    /// Their accounts, which are remembered whatever else is guessed.
    accounts: HashSet<String>,
    /// Which of them a name that nobody has is checked as. It differs by process, so that nobody can tell.
    choice: RandomState,
    attempts: Attempts,
    clock: Arc<dyn Clock>,
}

impl People {
    pub(super) fn new(entries: &[UserEntry], attempts: &Attempts, clock: &Arc<dyn Clock>) -> Self {
        let names = entries.iter().map(|entry| &entry.name);
        Self {
            by_name: names.clone().cloned().zip(0..).collect(),
            accounts: names.map(|name| throttle::name_account(name)).collect(),
            entries: entries.to_vec(),
            choice: RandomState::new(),
            attempts: attempts.clone(),
            clock: Arc::clone(clock),
        }
    }

    fn find(&self, name: &str) -> Option<&UserEntry> {
        self.entries.get(*self.by_name.get(name)?)
    }

    /// What a password is compared with whose name nobody has: the hash of one of the users, for the same name always the
    /// same one, so that it costs what it costs for a name that somebody has, whatever the hashes cost.
    fn stand_in(&self, name: &str) -> Option<&HashedPassword> {
        let count = u64::try_from(self.entries.len()).ok()?;
        let place = self.choice.hash_one(name).checked_rem(count)?;
        let entry = self.entries.get(usize::try_from(place).ok()?);
        entry.map(|entry| &entry.password_hash)
    }
}

#[async_trait]
impl Users for People {
    /// Charge, hash, forgive: in this order, so that parallel guesses are counted before any of them is checked. A guess that
    /// will not be looked at for want of room is not charged.
    async fn check(
        &self,
        username: &str,
        password: &Secret,
        from: Option<IpAddr>,
    ) -> Result<UserCheck, Unavailable> {
        if username.len() > MAX_NAME {
            return Ok(UserCheck::Wrong);
        }
        let Attempts { guesses, passwords } = &self.attempts;
        let Ok(place) = passwords.place() else {
            return Ok(UserCheck::Busy);
        };
        let charges = throttle::guess(username, from);
        let charged = guesses.charge(&charges, &self.accounts, self.clock.now());
        if let Err(Throttled { retry_after }) = charged {
            return Ok(UserCheck::Throttled(retry_after));
        }
        let entry = self.find(username);
        let hash = match entry {
            Some(entry) => Some(&entry.password_hash),
            None => self.stand_in(username),
        };
        let right = match passwords.verify(place, hash, password).await {
            Ok(right) => right,
            Err(Busy) => return Ok(UserCheck::Busy),
        };
        match entry {
            Some(entry) if right => {
                guesses.forgive(&charges);
                Ok(UserCheck::Right {
                    subject: UserId::new(&entry.name),
                    scope: entry.scope.clone(),
                })
            }
            _ => Ok(UserCheck::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gatepass_guard::{UserCheck, Users as _};
    use gatepass_http::{Clock, SystemClock};
    use gatepass_proto::{Scope, Secret};

    use super::{Attempts, People};
    use crate::config::UserEntry;

    /// Of "correct horse".
    const HASH: &str =
        "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHQxMjM0$1tgxQ0wLbhWTYb9Jdujp4ZZT0UCkmFsy04ATjf1yiU8";

    fn entry(name: &str) -> UserEntry {
        UserEntry {
            name: name.to_owned(),
            password_hash: HASH.parse().expect("a hash"),
            scope: Scope::empty(),
        }
    }

    /// A name that nobody has is checked against somebody's hash: the password of that one opens nothing.
    #[tokio::test]
    async fn somebody_elses_password_is_none_for_nobody() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let people = People::new(&[entry("ann"), entry("bob")], &Attempts::default(), &clock);
        let right = Secret::new("correct horse");
        for name in ["", "eve", "ann ", "Ann"] {
            assert!(people.stand_in(name).is_some());
            let check = people.check(name, &right, None).await;
            assert_eq!(check, Ok(UserCheck::Wrong), "{name:?}");
        }
        let check = people.check("bob", &right, None).await.expect("checked");
        assert!(matches!(check, UserCheck::Right { subject, .. } if subject.as_str() == "bob"));
        let long = people.check(&"a".repeat(257), &right, None).await;
        assert_eq!(long, Ok(UserCheck::Wrong));
    }
}
