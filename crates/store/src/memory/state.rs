use std::collections::{HashMap, VecDeque};

use gatepass_proto::decide::change::{AuditEvent, AuditLine, Change, Edit};
use gatepass_proto::decide::record::{Denied, Key, Kind, Record};
use gatepass_proto::{Digest, Timestamp};

use crate::account::{self, Account, Accounts};
use crate::{Charge, CommitError, Table, Throttled, retention, table};

/// The audit log of a process that never restarts must not grow for ever.
const AUDIT_LINES: usize = 10_000;

/// The maps. Records stand under their primary key; `names` leads from a unique name to it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) records: HashMap<Key, Record>,
    names: HashMap<(Kind, String), Key>,
    pub(super) seen: HashMap<(&'static str, Digest), Timestamp>,
    pub(super) accounts: HashMap<String, Account>,
    audit: VecDeque<AuditEvent>,
    /// How many lines of the audit log are gone from its front.
    audit_gone: u64,
}

/// What takes back one step of a commit.
enum Undo {
    Record(Box<(Key, Option<Record>)>),
    Seen((&'static str, Digest)),
    Audit,
}

impl State {
    pub(super) fn load(&self, key: &Key) -> Option<Record> {
        self.records.get(&self.primary(key)?).cloned()
    }

    pub(super) fn commit(&mut self, changes: Vec<Change>) -> Result<(), CommitError> {
        let mut undo = Vec::new();
        let verdict = changes
            .into_iter()
            .try_for_each(|change| self.apply(change, &mut undo));
        if verdict.is_err() {
            self.take_back(undo);
        }
        while self.audit.len() > AUDIT_LINES {
            self.audit.pop_front();
            self.audit_gone += 1;
        }
        verdict
    }

    pub(super) fn list(&self, kind: &Kind) -> Vec<Record> {
        let mut named: Vec<_> = self
            .records
            .values()
            .filter_map(|record| Some((listed_as(record, kind)?, record)))
            .collect();
        named.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        named.truncate(retention::LISTED);
        named
            .into_iter()
            .map(|(_, record)| record.clone())
            .collect()
    }

    pub(super) fn page(&self, table: Table, after: Option<&Key>, limit: usize) -> Vec<Record> {
        let after = after.map(table::bytes);
        let mut placed: Vec<_> = self
            .records
            .values()
            .filter_map(|record| Some((table.place(record)?, record)))
            .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
            .collect();
        placed.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let page = placed.into_iter().take(limit);
        page.map(|(_, record)| record.clone()).collect()
    }

    pub(super) fn charge(&mut self, charges: &[Charge], now: Timestamp) -> Result<(), Throttled> {
        let mut accounts: Accounts<'_> = charges
            .iter()
            .map(|charge| charge.account.as_str())
            .map(|name| (name, self.accounts.get(name).copied().unwrap_or_default()))
            .collect();
        account::charge(&mut accounts, charges, now)?;
        for (name, account) in accounts {
            self.accounts.insert(name.to_owned(), account);
        }
        Ok(())
    }

    pub(super) fn forgive(&mut self, charges: &[Charge]) {
        for Charge { account, limit } in charges {
            let left = self
                .accounts
                .remove(account)
                .and_then(|before| before.forgiven(*limit));
            if let Some(left) = left {
                self.accounts.insert(account.clone(), left);
            }
        }
    }

    pub(super) fn audit(&self) -> Vec<AuditEvent> {
        self.audit.iter().cloned().collect()
    }

    pub(super) fn audit_log(&self, before: Option<u64>, limit: usize) -> Vec<AuditLine> {
        let numbered: Vec<_> = (self.audit_gone + 1..).zip(&self.audit).collect();
        numbered
            .into_iter()
            .rev()
            .filter(|(line, _)| before.is_none_or(|before| *line < before))
            .take(limit)
            .map(|(line, event)| AuditLine::of(line, event))
            .collect()
    }

    /// Replaces what stands under a primary key, names included; gives back what stood there.
    pub(super) fn put(&mut self, key: &Key, record: Option<Record>) -> Option<Record> {
        let before = self.records.remove(key);
        if let Some(name) = before.as_ref().and_then(unique_name) {
            self.names.remove(&name);
        }
        if let Some(record) = record {
            if let Some(name) = unique_name(&record) {
                self.names.insert(name, key.clone());
            }
            self.records.insert(key.clone(), record);
        }
        before
    }

    fn apply(&mut self, change: Change, undo: &mut Vec<Undo>) -> Result<(), CommitError> {
        match change {
            Change::Insert(record) => self.insert(record, undo),
            Change::Update(edit) => self.edit(*edit, undo),
            Change::SpendCode { digest, at } => {
                self.update(Key::Code(digest), undo, |record| spend(record, at))
            }
            Change::Advance {
                grant_id,
                from,
                to,
                at,
            } => self.update(Key::Grant(grant_id), undo, |record| {
                advance(record, from, to, at)
            }),
            Change::Revoke { grant_id, at } => {
                // Holds when the grant is gone or withdrawn already.
                let _ = self.update(Key::Grant(grant_id), undo, |record| revoke(record, at));
                Ok(())
            }
            Change::Deny { jti, until } => {
                self.deny(jti, until, undo);
                Ok(())
            }
            Change::Once { space, hash, until } => self.once((space, hash), until, undo),
            Change::Replace(item) => {
                let before = item.version.checked_sub(1);
                self.update(item.key(), undo, |record| {
                    is_version(&record, before).then_some(Record::Item(item))
                })
            }
            Change::Take {
                space,
                digest,
                version,
            } => {
                let key = Key::Item { space, digest };
                let stands = self.records.get(&key);
                if !stands.is_some_and(|record| is_version(record, Some(version))) {
                    return Err(CommitError::Conflict);
                }
                self.replace(key, None, undo);
                Ok(())
            }
            Change::Delete(key) => {
                if let Some(key) = self.primary(&key) {
                    self.replace(key, None, undo);
                }
                Ok(())
            }
            Change::Audit(event) => {
                self.audit.push_back(event);
                undo.push(Undo::Audit);
                Ok(())
            }
        }
    }

    fn insert(&mut self, record: Record, undo: &mut Vec<Undo>) -> Result<(), CommitError> {
        let key = record.key();
        let name_taken = unique_name(&record).is_some_and(|name| self.names.contains_key(&name));
        if name_taken || self.records.contains_key(&key) {
            return Err(CommitError::Conflict);
        }
        self.replace(key, Some(record), undo);
        Ok(())
    }

    /// Puts what it becomes in place of what it must be.
    fn edit(&mut self, edit: Edit, undo: &mut Vec<Undo>) -> Result<(), CommitError> {
        let (before, after) = match edit {
            Edit::Client { before, after } => (Record::Client(before), Record::Client(after)),
            Edit::User { before, after } => (Record::User(before), Record::User(after)),
        };
        let key = after.key();
        let renamed = unique_name(&before) != unique_name(&after);
        let name_taken = unique_name(&after).is_some_and(|name| self.names.contains_key(&name));
        if self.records.get(&key) != Some(&before) || (renamed && name_taken) {
            return Err(CommitError::Conflict);
        }
        self.replace(key, Some(after), undo);
        Ok(())
    }

    /// Changes a record in place, if it is there and `change` gives a new one.
    fn update(
        &mut self,
        key: Key,
        undo: &mut Vec<Undo>,
        change: impl FnOnce(Record) -> Option<Record>,
    ) -> Result<(), CommitError> {
        let record = self.records.get(&key).cloned().and_then(change);
        let record = record.ok_or(CommitError::Conflict)?;
        self.replace(key, Some(record), undo);
        Ok(())
    }

    fn deny(&mut self, jti: String, until: Timestamp, undo: &mut Vec<Undo>) {
        let key = Key::Denied(jti.clone());
        let until = match self.records.get(&key) {
            Some(Record::Denied(denied)) => denied.until.max(until),
            _ => until,
        };
        let denied = Denied { jti, until };
        self.replace(key, Some(Record::Denied(denied)), undo);
    }

    fn once(
        &mut self,
        thing: (&'static str, Digest),
        until: Timestamp,
        undo: &mut Vec<Undo>,
    ) -> Result<(), CommitError> {
        if self.seen.contains_key(&thing) {
            return Err(CommitError::Spent);
        }
        self.seen.insert(thing, until);
        undo.push(Undo::Seen(thing));
        Ok(())
    }

    fn replace(&mut self, key: Key, record: Option<Record>, undo: &mut Vec<Undo>) {
        let before = self.put(&key, record);
        undo.push(Undo::Record(Box::new((key, before))));
    }

    fn take_back(&mut self, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Record(entry) => {
                    let (key, before) = *entry;
                    self.put(&key, before);
                }
                Undo::Seen(thing) => drop(self.seen.remove(&thing)),
                Undo::Audit => drop(self.audit.pop_back()),
            }
        }
    }

    fn primary(&self, key: &Key) -> Option<Key> {
        match key {
            Key::Username(name) => self.names.get(&(Kind::User, name.clone())).cloned(),
            key => Some(key.clone()),
        }
    }
}

fn spend(record: Record, at: Timestamp) -> Option<Record> {
    match record {
        Record::Code(mut code) if code.spent_at.is_none() => {
            code.spent_at = Some(at);
            Some(Record::Code(code))
        }
        _ => None,
    }
}

fn advance(record: Record, from: u32, to: u32, at: Timestamp) -> Option<Record> {
    let Record::Grant(mut grant) = record else {
        return None;
    };
    let family = grant.family.as_mut()?;
    if grant.revoked_at.is_some() || family.head != from {
        return None;
    }
    family.head = to;
    family.rotated_at = at;
    Some(Record::Grant(grant))
}

fn revoke(record: Record, at: Timestamp) -> Option<Record> {
    match record {
        Record::Grant(mut grant) => {
            grant.revoked_at.get_or_insert(at);
            Some(Record::Grant(grant))
        }
        _ => None,
    }
}

/// The name that no other record of its kind may have, where it is not the primary key.
fn unique_name(record: &Record) -> Option<(Kind, String)> {
    match record {
        Record::User(user) => Some((Kind::User, user.username.clone())),
        Record::ApiKey(key) => Some((Kind::ApiKey, key.name.clone())),
        _ => None,
    }
}

/// Under which name a record stands in a list, if it does.
fn listed_as(record: &Record, kind: &Kind) -> Option<Vec<u8>> {
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    match (record, kind) {
        (Record::Client(client), Kind::Client) => bytes(client.client_id.as_str()),
        (Record::User(user), Kind::User) => bytes(&user.username),
        (Record::ApiKey(key), Kind::ApiKey) => bytes(&key.name),
        (Record::SealedKey(key), Kind::SealedKey) => bytes(&key.key_id),
        (Record::Grant(grant), Kind::GrantsOf(user_id)) => {
            (grant.user_id == *user_id).then(|| grant.grant_id.as_bytes().to_vec())
        }
        (Record::Session(session), Kind::SessionsOf(user_id)) => {
            (session.user_id == *user_id).then(|| session.digest.as_bytes().to_vec())
        }
        (Record::Item(item), Kind::ItemsOf { space, owner }) => (item.space == *space
            && item.owner.as_ref() == Some(owner))
        .then(|| item.digest.as_bytes().to_vec()),
        _ => None,
    }
}

fn is_version(record: &Record, version: Option<u32>) -> bool {
    matches!(record, Record::Item(item) if Some(item.version) == version)
}
