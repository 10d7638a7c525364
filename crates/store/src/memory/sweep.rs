use gatepass_proto::Timestamp;
use gatepass_proto::decide::record::Record;

use super::state::State;
use crate::retention;

impl State {
    pub(super) fn sweep(&mut self, now: Timestamp, limit: usize) -> u64 {
        let mut gone = 0;
        for is_over in KINDS {
            let over = first(limit, self.records.iter(), |record| is_over(record, now));
            gone += over.len();
            for key in &over {
                self.put(key, None);
            }
        }
        let seen = first(limit, self.seen.iter(), |until| {
            *until < now - retention::USED
        });
        gone += seen.len();
        for thing in &seen {
            self.seen.remove(thing);
        }
        let accounts = first(limit, self.accounts.iter(), |account| {
            account.last_at < now - retention::ACCOUNT
                && account.blocked_until.is_none_or(|until| until < now)
        });
        gone += accounts.len();
        for account in &accounts {
            self.accounts.remove(account);
        }
        u64::try_from(gone).unwrap_or(u64::MAX)
    }
}

/// For each kind of record that ends: whether it is one and cannot matter any more.
const KINDS: [fn(&Record, Timestamp) -> bool; 5] = [
    |record, now| matches!(record, Record::Code(code) if code.expires_at < now - retention::CODE),
    |record, now| matches!(record, Record::Session(session) if session.expires_at < now),
    |record, now| matches!(record, Record::Grant(grant) if grant.expires_at < now),
    |record, now| matches!(record, Record::Item(item) if item.expires_at < now),
    |record, now| matches!(record, Record::Denied(denied) if denied.until < now - retention::USED),
];

/// The first `limit` keys whose entry `is_over`.
fn first<'a, K: Clone + 'a, V: 'a>(
    limit: usize,
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    is_over: impl Fn(&V) -> bool,
) -> Vec<K> {
    entries
        .filter(|(_, value)| is_over(value))
        .take(limit)
        .map(|(key, _)| key.clone())
        .collect()
}
