//! What the server tells its clients of its own accord: that somebody's login has ended, or that a request was answered.
//!
//! A notice is committed together with what it tells of, so that neither is without the other, and is sent afterwards by
//! whichever node takes it. All of them are one list (of [`OUTBOX`]), in the order in which they are due: a notice is found
//! by that moment and a name of its own. Whoever takes one puts it off by a while before it is sent, so that nobody else
//! sends it meanwhile, and so that it comes up again if the sender dies: it is sent at least once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{AuditEvent, Change};
use super::item::{Item, Kept};
use super::record::Kind;
use crate::{ClientId, Digest, Timestamp, UserId};

/// Whose all notices are, for they are listed together.
pub const OUTBOX: &str = "outbox";
/// For how long the client is told again that did not listen.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long one that was given up may lie before it is swept, where nobody is there to give it up.
const LEFT: Duration = Duration::from_secs(24 * 3600);
/// How long whoever has taken a notice has it for itself. Longer than sending may take.
const TAKEN: Duration = Duration::from_secs(30);
/// How long to wait after the first failure; it doubles with each.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait between two failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Something that a client has to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Who.
    pub client_id: ClientId,
    /// What.
    pub news: News,
    /// How often it was sent in vain.
    pub failures: u32,
    /// After this it is given up.
    pub until: Timestamp,
}

/// What there is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// A login has ended (OpenID Connect Back-Channel Logout 1.0).
    Logout {
        /// Whose.
        user_id: UserId,
        /// Its `sid`.
        sid: String,
    },
    /// The person has answered (CIBA §10.2).
    Ping {
        /// The `auth_req_id` and the `client_notification_token`, sealed: both are the client's secrets.
        sealed: String,
    },
}

impl Kept for Notice {
    const SPACE: &'static str = "notice";
}

impl News {
    /// What logs and metrics call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Logout { .. } => "logout",
            Self::Ping { .. } => "ping",
        }
    }
}

impl Notice {
    /// A notice that has not been sent yet.
    pub fn new(client_id: ClientId, news: News, now: Timestamp) -> Self {
        Self {
            client_id,
            news,
            failures: 0,
            until: now + PATIENCE,
        }
    }

    /// The same, which is worth nothing after `end`.
    #[must_use]
    pub fn no_later_than(self, end: Timestamp) -> Self {
        Self {
            until: self.until.min(end),
            ..self
        }
    }

    /// Where all of them are listed, those that are due first at the front.
    pub fn listed() -> Kind {
        Kind::ItemsOf {
            space: Self::SPACE,
            owner: OUTBOX.to_owned(),
        }
    }

    /// Has it sent at once. No two have the same `name`.
    pub fn enqueue(&self, name: Digest, now: Timestamp) -> Change {
        self.at(now, name).insert()
    }

    /// Takes it, unless somebody else was faster: what it becomes meanwhile, and the changes.
    pub fn take(&self, item: &Item, now: Timestamp) -> (Item, Vec<Change>) {
        let taken = self.at(now + TAKEN, item.digest);
        let changes = vec![item.take(), taken.clone().insert()];
        (taken, changes)
    }

    /// What is left to do with one that was taken, now that the client has it.
    pub fn delivered(taken: &Item) -> Vec<Change> {
        vec![taken.take()]
    }

    /// What is left to do with one that was taken and could not be sent: again later, or never. Says which.
    pub fn failed(&self, taken: &Item, now: Timestamp) -> (bool, Vec<Change>) {
        let doubled = PAUSE.saturating_mul(1 << self.failures.min(20));
        let due = now + doubled.min(LONGEST_PAUSE);
        if due > self.until {
            return (false, self.given_up(taken, now));
        }
        let again = Self {
            failures: self.failures.saturating_add(1),
            ..self.clone()
        };
        let again = again.at(due, taken.digest).insert();
        (true, vec![taken.take(), again])
    }

    /// Gives one up, and says so in the audit log.
    pub fn given_up(&self, item: &Item, now: Timestamp) -> Vec<Change> {
        let mut audit = AuditEvent::new(now, "notice.given_up").client(&self.client_id);
        if let News::Logout { user_id, .. } = &self.news {
            audit = audit.user(user_id);
        }
        vec![item.take(), Change::Audit(audit)]
    }

    /// When an item of the outbox is due.
    pub fn due(item: &Item) -> Timestamp {
        let moment = item.digest.as_bytes().first_chunk().copied();
        Timestamp::from_millis(u64::from_be_bytes(moment.unwrap_or_default()))
    }

    /// Found by when it is due, and then by its name, of which the first bytes give way to that.
    fn at(&self, due: Timestamp, name: Digest) -> Item {
        let mut place = *name.as_bytes();
        if let Some(moment) = place.first_chunk_mut() {
            *moment = due.as_millis().to_be_bytes();
        }
        Item::new(Digest::from_bytes(place), self, self.until + LEFT).owned_by(OUTBOX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Change, News, Notice};
    use crate::decide::item::Item;
    use crate::decide::record::Record;
    use crate::{ClientId, Digest, Timestamp, UserId};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn notice() -> Notice {
        let news = News::Logout {
            user_id: UserId::new("us_1"),
            sid: "s".to_owned(),
        };
        Notice::new(ClientId::new("cl_1"), news, NOW)
    }

    fn inserted(changes: &[Change]) -> Item {
        let mut items = changes.iter().filter_map(|change| match change {
            Change::Insert(Record::Item(item)) => Some(item.clone()),
            _ => None,
        });
        let one = items.next().expect("an item");
        assert_eq!(items.next(), None);
        one
    }

    #[test]
    fn those_that_are_due_first_are_listed_first() {
        let item = |seconds, name: &str| {
            let due = NOW + Duration::from_secs(seconds);
            notice().at(due, Digest::of(name))
        };
        let mut items = [item(3, "a"), item(0, "b"), item(70_000, "c"), item(1, "d")];
        items.sort_by_key(|item| item.digest);
        let due: Vec<u64> = items
            .iter()
            .map(|item| Notice::due(item).since(NOW).as_secs())
            .collect();
        assert_eq!(due, [0, 1, 3, 70_000]);
        assert_ne!(item(0, "a").digest, item(0, "b").digest);
    }

    #[test]
    fn it_is_put_off_for_longer_each_time_and_given_up_in_the_end() {
        let mut now = NOW;
        let mut item = inserted(&[notice().enqueue(Digest::of("n"), now)]);
        let mut pauses = Vec::new();
        loop {
            let own: Notice = item.read().expect("a notice");
            let (taken, changes) = own.take(&item, now);
            assert_eq!(changes, [item.take(), taken.clone().insert()]);
            assert!(Notice::due(&taken) > now);
            let (again, changes) = own.failed(&taken, now);
            if !again {
                let [took, Change::Audit(audit)] = changes.as_slice() else {
                    panic!("{changes:?}");
                };
                assert_eq!((took, audit.event), (&taken.take(), "notice.given_up"));
                break;
            }
            item = inserted(&changes);
            pauses.push(Notice::due(&item).since(now).as_secs());
            now = Notice::due(&item);
        }
        assert_eq!(pauses.get(..5), Some(&[1, 2, 4, 8, 16][..]));
        assert_eq!(pauses.iter().max(), Some(&300));
        assert!(now.since(NOW) <= Duration::from_secs(3600));
        assert!(now.since(NOW) > Duration::from_secs(3000));
    }

    #[test]
    fn what_ends_sooner_is_given_up_sooner() {
        let brief = notice().no_later_than(NOW + Duration::from_millis(500));
        let item = inserted(&[brief.enqueue(Digest::of("n"), NOW)]);
        assert!(!brief.failed(&item, NOW).0);
        assert_eq!(
            notice()
                .no_later_than(NOW + Duration::from_secs(99_999))
                .until,
            notice().until
        );
    }
}
