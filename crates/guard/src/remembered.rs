use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use gatepass_http::OsEntropy;
use gatepass_proto::{Entropy as _, Scope, Secret, Timestamp, UserId};

/// How long right credentials are taken for right without another check.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The most credentials remembered; the oldest makes room.
const MAX_ENTRIES: usize = 1024;

/// Stands for a username and password. Without this process's key nobody can tell which.
pub(crate) type Tag = [u8; 32];

/// Credentials that were right a moment ago, so that a costly hash does not run on every request. Neither name
/// nor password is kept, only an HMAC of both under a key that is drawn at start and never leaves the process.
pub(crate) struct Remembered {
    key: hmac::Key,
    entries: Mutex<Entries>,
}

/// Who had the right password.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) subject: UserId,
    pub(crate) scope: Scope,
}

#[derive(Default)]
struct Entries {
    by_tag: HashMap<Tag, (Timestamp, Right)>,
    /// In the order in which they came.
    order: VecDeque<Tag>,
}

impl Remembered {
    pub(crate) fn new() -> Self {
        let mut key = [0; 32];
        OsEntropy.fill(&mut key);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            entries: Mutex::default(),
        }
    }

    /// A username has no colon (RFC 7617 §2), so the two cannot be shifted against each other.
    pub(crate) fn tag(&self, username: &str, password: &Secret) -> Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(username.as_bytes());
        mac.update(b":");
        mac.update(password.expose().as_bytes());
        let mut tag = [0; 32];
        tag.copy_from_slice(mac.sign().as_ref());
        tag
    }

    /// Whose these are, if they were right less than a minute before `now`. A clock that was set back makes
    /// nothing last longer.
    pub(crate) fn find(&self, tag: &Tag, now: Timestamp) -> Option<Right> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (checked_at, right) = entries.by_tag.get(tag)?;
        (*checked_at <= now && now < *checked_at + MAX_AGE).then(|| right.clone())
    }

    /// They were right at `checked_at`.
    pub(crate) fn insert(&self, tag: Tag, checked_at: Timestamp, right: Right) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_tag.insert(tag, (checked_at, right)).is_some() {
            entries.order.retain(|other| *other != tag);
        }
        entries.order.push_back(tag);
        if entries.order.len() > MAX_ENTRIES
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.by_tag.remove(&oldest);
        }
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::{Scope, Secret, Timestamp, UserId};

    use super::{MAX_ENTRIES, Remembered, Right};

    fn right() -> Right {
        Right {
            subject: UserId::new("us_1"),
            scope: Scope::empty(),
        }
    }

    #[test]
    fn a_success_is_good_for_a_minute_whatever_the_clock_does() {
        let remembered = Remembered::new();
        let tag = remembered.tag("ada", &Secret::new("right"));
        remembered.insert(tag, Timestamp::from_secs(1000), right());
        let good = |millis| {
            remembered
                .find(&tag, Timestamp::from_millis(millis))
                .is_some()
        };
        assert!(good(1_000_000) && good(1_059_999));
        assert!(!good(1_060_000) && !good(999_999));
    }

    #[test]
    fn the_oldest_makes_room() {
        let remembered = Remembered::new();
        let tag = |n: usize| remembered.tag("ada", &Secret::new(n.to_string()));
        let now = Timestamp::from_secs(1000);
        for n in 0..=MAX_ENTRIES {
            remembered.insert(tag(n), now, right());
            remembered.insert(tag(n), now, right());
        }
        assert!(remembered.find(&tag(0), now).is_none());
        assert!((1..=MAX_ENTRIES).all(|n| remembered.find(&tag(n), now).is_some()));
    }

    #[test]
    fn tags_differ_by_process_name_and_password() {
        let remembered = Remembered::new();
        let tag = remembered.tag("ada", &Secret::new("right"));
        assert_eq!(tag, remembered.tag("ada", &Secret::new("right")));
        assert_ne!(tag, remembered.tag("ad", &Secret::new("aright")));
        assert_ne!(tag, Remembered::new().tag("ada", &Secret::new("right")));
    }
}
