//! What a login at this server led to, and what becomes of that when the login ends: by a logout, or because the account
//! was locked or its password changed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{AuditEvent, Change};
use super::item::{Item, Kept};
use super::notice::{News, Notice};
use super::record::{Grant, Key, Kind, Session};
use super::rules::EndGrants;
use super::{Facts, Halt, Rules};
use crate::{ClientId, Cx, Digest, GrantId, Timestamp};

/// For how long codes from before the end of a login may still come. None lives longer (RFC 6749 §4.1.2).
const CODES: Duration = Duration::from_secs(3600);

/// A grant that a login led to; listed for the login's `sid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Whose.
    pub client_id: ClientId,
    /// Which.
    pub grant_id: GrantId,
    /// Whether it is meant to outlive the login: it was asked for with `offline_access`, or given to another device.
    pub lasting: bool,
}

impl Kept for Party {
    const SPACE: &'static str = "login.party";
}

/// Says of a `sid` that its login has ended.
#[derive(Debug, Serialize, Deserialize)]
struct Over {}

impl Kept for Over {
    const SPACE: &'static str = "login.over";
}

impl Party {
    /// Where those of a login are listed.
    pub fn listed(sid: &str) -> Kind {
        Kind::ItemsOf {
            space: Self::SPACE,
            owner: sid.to_owned(),
        }
    }

    /// Remembers that this grant came from a login, if it did. No login lasts longer than that is remembered.
    pub(crate) fn of(grant: &Grant, rules: &Rules, now: Timestamp) -> Option<Change> {
        Self::remembered(grant, grant.scope.contains("offline_access"), rules, now)
    }

    /// The same of a grant to another device than the browser of the login, which a logout there does not mean.
    pub(crate) fn elsewhere(grant: &Grant, rules: &Rules, now: Timestamp) -> Option<Change> {
        Self::remembered(grant, true, rules, now)
    }

    fn remembered(grant: &Grant, lasting: bool, rules: &Rules, now: Timestamp) -> Option<Change> {
        let sid = grant.details.sid.as_deref()?;
        let party = Self {
            client_id: grant.client_id.clone(),
            grant_id: grant.grant_id,
            lasting,
        };
        let digest = Digest::of(grant.grant_id.as_bytes());
        let item = Item::new(digest, &party, now + rules.lifetimes.session);
        Some(item.owned_by(sid).insert())
    }
}

/// Whether the login of this `sid` has ended, which a code that came from it does not outlive.
///
/// # Errors
///
/// [`Halt::Need`] while it is not known.
pub(crate) fn is_over(sid: Option<&str>, facts: &Facts, now: Timestamp) -> Result<bool, Halt> {
    match sid {
        Some(sid) => Ok(facts.item::<Over>(Digest::of(sid), now)?.is_some()),
        None => Ok(false),
    }
}

/// A login with what it led to.
#[derive(Clone, Debug)]
pub struct Led {
    /// The login.
    pub session: Session,
    /// The grants that came from it, as they are kept.
    pub parties: Vec<(Item, Party)>,
    /// Whose clients of these want to be told of its end.
    pub told: Vec<ClientId>,
}

impl Led {
    /// Ends the login for good: with it go its codes, those of its grants that are meant to, and a word to its clients.
    pub fn end(&self, grants: EndGrants, cx: &mut Cx<'_>) -> Vec<Change> {
        let (session, now) = (&self.session, cx.now);
        let audit = AuditEvent::new(now, "session.ended").user(&session.user_id);
        let sid = Some(&session.details.sid).filter(|sid| !sid.is_empty());
        let over = sid.map(|sid| Item::new(Digest::of(sid), &Over {}, now + CODES).insert());
        let parties = self.parties.iter().map(|(_, party)| party);
        let ended = parties.filter(|party| match grants {
            EndGrants::None => false,
            EndGrants::Online => !party.lasting,
            EndGrants::All => true,
        });
        let revoked = ended.map(|party| Change::Revoke {
            grant_id: party.grant_id,
            at: now,
        });
        let mut changes = vec![
            Change::Delete(Key::Session(session.digest)),
            Change::Audit(audit),
        ];
        changes.extend(over);
        changes.extend(revoked);
        changes.extend(self.told(cx));
        changes
    }

    /// Tells its clients that it is over, where something else sees to it that it is: each once (OpenID Connect Back-Channel
    /// Logout 1.0 §2.5).
    pub fn told(&self, cx: &mut Cx<'_>) -> Vec<Change> {
        let Session {
            user_id, details, ..
        } = &self.session;
        let mut changes = Vec::new();
        for client_id in &self.told {
            let news = News::Logout {
                user_id: user_id.clone(),
                sid: details.sid.clone(),
            };
            let notice = Notice::new(client_id.clone(), news, cx.now);
            let name = Digest::from_bytes(cx.bytes());
            changes.push(notice.enqueue(name, cx.now));
        }
        changes
    }

    /// The same person has logged in again: this session goes, but the login goes on until `end`, and so does the memory
    /// of what it led to.
    pub fn renewed(&self, end: Timestamp) -> Vec<Change> {
        let longer = self.parties.iter().map(|(item, party)| {
            let item = Item {
                expires_at: end,
                ..item.clone()
            };
            item.replace(party)
        });
        let gone = Change::Delete(Key::Session(self.session.digest));
        std::iter::once(gone).chain(longer).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Change, EndGrants, Item, Led, Notice, Party};
    use crate::decide::details::SessionDetails;
    use crate::decide::item::Kept as _;
    use crate::decide::record::{Record, Session};
    use crate::{ClientId, Cx, Digest, Entropy, GrantId, Timestamp, UserId};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn led() -> Led {
        let party = |id: &str, n, lasting| {
            let party = Party {
                client_id: ClientId::new(id),
                grant_id: GrantId::from_bytes([n; 16]),
                lasting,
            };
            (Item::new(Digest::of([n]), &party, NOW), party)
        };
        Led {
            session: Session {
                digest: Digest::of("cookie"),
                user_id: UserId::new("us_1"),
                auth_time: NOW,
                expires_at: NOW,
                details: SessionDetails {
                    sid: "s".to_owned(),
                    ..SessionDetails::default()
                },
            },
            parties: vec![
                party("deaf", 1, false),
                party("told", 2, false),
                party("told", 3, true),
            ],
            told: vec![ClientId::new("told")],
        }
    }

    #[test]
    fn what_ends_with_a_login_is_as_configured() {
        for (grants, ended) in [
            (EndGrants::None, vec![]),
            (EndGrants::Online, vec![1, 2]),
            (EndGrants::All, vec![1, 2, 3]),
        ] {
            let changes = led().end(grants, &mut Cx::new(NOW, &mut Counting(0)));
            let revoked = changes.iter().filter_map(|change| match change {
                Change::Revoke { grant_id, .. } => grant_id.as_bytes().first().copied(),
                _ => None,
            });
            assert_eq!(revoked.collect::<Vec<_>>(), ended);
            let session = |change: &&Change| matches!(change, Change::Delete(_));
            assert_eq!(changes.iter().filter(session).count(), 1);
        }
    }

    #[test]
    fn each_client_that_asked_for_it_is_told_once() {
        let changes = led().told(&mut Cx::new(NOW, &mut Counting(0)));
        let [Change::Insert(Record::Item(item))] = changes.as_slice() else {
            panic!("{changes:?}");
        };
        assert_eq!(item.space, Notice::SPACE);
        let notice: Notice = item.read().expect("a notice");
        assert_eq!(notice.client_id, ClientId::new("told"));
        assert_eq!(Notice::due(item), NOW);
    }

    #[test]
    fn a_login_that_goes_on_is_remembered_for_as_long() {
        let end = NOW + Duration::from_secs(3600);
        let changes = led().renewed(end);
        let kept = changes.iter().filter_map(|change| match change {
            Change::Replace(item) => Some((item.version, item.expires_at)),
            _ => None,
        });
        assert_eq!(kept.collect::<Vec<_>>(), [(2, end); 3]);
    }
}
