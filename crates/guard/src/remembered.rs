use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use gatepass_http::OsEntropy;
use gatepass_proto::{Entropy as _, Timestamp};

/// Stands for credentials. Without this process's key nobody can tell which.
pub(crate) type Tag = [u8; 32];

/// What was found out of credentials a moment ago, so that they are not looked at again on every request. They are not kept
/// themselves, only an HMAC of them under a key that is drawn at start and never leaves the process.
pub(crate) struct Remembered<T> {
    key: hmac::Key,
    most: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    by_tag: HashMap<Tag, Entry<T>>,
    /// In the order in which they came. One that is renewed keeps its place.
    order: VecDeque<Tag>,
}

struct Entry<T> {
    from: Timestamp,
    until: Timestamp,
    value: T,
}

impl<T: Clone> Remembered<T> {
    /// With room for so many; the oldest makes room.
    pub(crate) fn new(most: usize) -> Self {
        let mut key = [0; 32];
        OsEntropy.fill(&mut key);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            most,
            entries: Mutex::new(Entries {
                by_tag: HashMap::new(),
                order: VecDeque::new(),
            }),
        }
    }

    /// The tag of these parts, one after the other: whoever has several sees to it that they cannot be shifted against
    /// each other.
    pub(crate) fn tag(&self, parts: &[&str]) -> Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        for part in parts {
            mac.update(part.as_bytes());
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(mac.sign().as_ref());
        tag
    }

    /// What was found out, while it holds. A clock that was set back makes nothing last longer.
    pub(crate) fn find(&self, tag: &Tag, now: Timestamp) -> Option<T> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.by_tag.get(tag)?;
        (entry.from <= now && now < entry.until).then(|| entry.value.clone())
    }

    /// This was found out at `from` and holds until `until`.
    pub(crate) fn insert(&self, tag: Tag, from: Timestamp, until: Timestamp, value: T) {
        if until <= from {
            return;
        }
        let entry = Entry { from, until, value };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_tag.insert(tag, entry).is_none() {
            entries.order.push_back(tag);
        }
        if entries.order.len() > self.most
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.by_tag.remove(&oldest);
        }
    }
}

impl<T> std::fmt::Debug for Remembered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Timestamp;

    use super::Remembered;

    #[test]
    fn it_holds_for_its_time_whatever_the_clock_does() {
        let remembered = Remembered::new(4);
        let tag = remembered.tag(&["ada", ":", "right"]);
        let at = Timestamp::from_secs;
        remembered.insert(tag, at(1000), at(1060), "right");
        let good = |millis| {
            let found = remembered.find(&tag, Timestamp::from_millis(millis));
            found.is_some()
        };
        assert!(good(1_000_000) && good(1_059_999));
        assert!(!good(1_060_000) && !good(999_999));
        let never = remembered.tag(&["never"]);
        remembered.insert(never, at(1000), at(1000), "right");
        assert!(remembered.find(&never, at(1000)).is_none());
    }

    #[test]
    fn the_oldest_makes_room() {
        let remembered = Remembered::new(100);
        let tag = |n: usize| remembered.tag(&[&n.to_string()]);
        let (now, then) = (Timestamp::from_secs(1000), Timestamp::from_secs(1060));
        for n in 0..=100 {
            remembered.insert(tag(n), now, then, n);
            remembered.insert(tag(n), now, then, n);
        }
        assert!(remembered.find(&tag(0), now).is_none());
        assert!((1..=100).all(|n| remembered.find(&tag(n), now) == Some(n)));
    }

    #[test]
    fn tags_differ_by_process_and_credentials() {
        let remembered = Remembered::<()>::new(4);
        let tag = remembered.tag(&["ada", ":", "right"]);
        assert_eq!(tag, remembered.tag(&["ada", ":", "right"]));
        assert_ne!(tag, remembered.tag(&["ad", ":", "aright"]));
        assert_ne!(tag, Remembered::<()>::new(4).tag(&["ada", ":", "right"]));
    }
}
