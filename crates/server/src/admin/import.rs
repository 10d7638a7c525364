//! Records from another database.

use std::collections::HashSet;
use std::io::{BufRead, Read as _};
use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_proto::{Digest, Timestamp};
use gatepass_store::transfer::{Header, Line, MAX_LINE, TABLES};

use super::Admin;
use super::transferring::TransferError;

/// How many records are committed at a time, all or none.
const BATCH: usize = 100;
/// How much memory a batch may take: about so many bytes of text.
const BATCH_BYTES: usize = 4 * MAX_LINE;

/// The kind of item that says which import has been begun.
const BEGUN: &str = "import";
/// For how long an import that has stopped can be taken up again.
const RESUMED: Duration = Duration::from_secs(30 * 24 * 3600);

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that were added.
    pub added: u64,
    /// Records that were there already, the same.
    pub present: u64,
    /// Records that were left out, for another one of the same id was there.
    pub skipped: u64,
    /// Lines of the audit log, which are not imported: a log tells what happened here.
    pub audit_lines: u64,
}

impl Imported {
    /// How many records were read.
    pub fn records(self) -> u64 {
        self.added + self.present + self.skipped
    }
}

impl Admin {
    /// Reads what [`Admin::export`] has written into an empty database. One that has stopped on the way goes on when the
    /// same export is read again. With `merge` the database need not be empty, and what is there is left as it is.
    /// `told` hears how many records were read.
    ///
    /// # Errors
    ///
    /// A line cannot be taken; the database is not empty; the database's.
    pub async fn import(
        &self,
        from: &mut (dyn BufRead + Send),
        merge: bool,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Imported, TransferError> {
        let mut lines = Lines { from, number: 0 };
        let Some((Line::Header(header), _)) = lines.next()? else {
            return Err(lines.refused("it is not how an export begins"));
        };
        let begun = self.begin_import(&header, merge).await?;
        let mut batch = Batch::new(merge);
        loop {
            let (record, length) = match lines.next()? {
                Some((Line::Record(record), length)) => (*record, length),
                Some((Line::Audit(_), _)) => {
                    batch.imported.audit_lines += 1;
                    continue;
                }
                Some((Line::End(records), _)) => {
                    self.add_batch(&mut batch).await?;
                    if records != batch.imported.records() || lines.next()?.is_some() {
                        return Err(lines.refused("there are records missing, or too many"));
                    }
                    break;
                }
                Some((Line::Header(_), _)) => {
                    return Err(lines.refused("another export begins here"));
                }
                None => return Err(lines.refused("the export has no end; it was cut off")),
            };
            if !batch.has_room(&record, length) {
                self.add_batch(&mut batch).await?;
                told(batch.imported.records());
            }
            batch.add(record, length, lines.number);
        }
        self.finish_import(begun).await?;
        Ok(batch.imported)
    }

    /// Sees to it that the database is empty, or that it was when this import was begun. Gives back what says so.
    async fn begin_import(
        &self,
        header: &Header,
        merge: bool,
    ) -> Result<Option<Key>, TransferError> {
        let now = SystemClock.now();
        let item = begun(header, now + RESUMED);
        let key = item.key();
        if !matches!(
            self.store.load(std::slice::from_ref(&key)).await?[..],
            [None]
        ) {
            return Ok(Some(key));
        }
        if merge {
            return Ok(None);
        }
        for table in TABLES {
            if !self.store.page(table, None, 1).await?.is_empty() {
                return Err(TransferError::NotEmpty);
            }
        }
        let committed = self.store.commit(vec![item.insert()]).await;
        committed.map_err(|error| TransferError::commit(1, error))?;
        Ok(Some(key))
    }

    async fn finish_import(&self, begun: Option<Key>) -> Result<(), TransferError> {
        let event = AuditEvent::new(SystemClock.now(), "database.imported");
        let mut changes = vec![Change::Audit(event)];
        changes.extend(begun.map(Change::Delete));
        let committed = self.store.commit(changes).await;
        committed.map_err(|error| TransferError::commit(0, error))
    }

    /// Adds the records of a batch that are not there yet.
    async fn add_batch(&self, batch: &mut Batch) -> Result<(), TransferError> {
        let waiting = std::mem::take(&mut batch.waiting);
        let Some(&(_, last)) = waiting.last() else {
            return Ok(());
        };
        let keys: Vec<Key> = waiting.iter().map(|(record, _)| record.key()).collect();
        let names: Vec<Key> = waiting.iter().map(|(record, _)| name(record)).collect();
        let there = self.store.load(&keys).await?;
        let named = self.store.load(&names).await?;
        let mut changes = Vec::new();
        let found = there.into_iter().zip(named);
        for ((record, number), (there, named)) in waiting.into_iter().zip(found) {
            changes.extend(batch.judge(record, number, there, named)?);
        }
        batch.clear();
        let committed = self.store.commit(changes).await;
        committed.map_err(|error| TransferError::commit(last, error))
    }
}

/// Records on their way, each with the number of its line, and what became of those before.
struct Batch {
    merge: bool,
    waiting: Vec<(Record, u64)>,
    keys: HashSet<Key>,
    bytes: usize,
    imported: Imported,
}

impl Batch {
    fn new(merge: bool) -> Self {
        Self {
            merge,
            waiting: Vec::new(),
            keys: HashSet::new(),
            bytes: 0,
            imported: Imported::default(),
        }
    }

    /// Whether a record may come into it. What is found by the same name is not in the same batch, nor are two API keys,
    /// so that whatever is in it can be looked up beforehand, and a line can be blamed.
    fn has_room(&self, record: &Record, length: usize) -> bool {
        let is_key = |record: &Record| matches!(record, Record::ApiKey(_));
        let alone = is_key(record) || self.waiting.iter().any(|(own, _)| is_key(own));
        self.waiting.is_empty()
            || (!alone
                && self.waiting.len() < BATCH
                && self.bytes + length <= BATCH_BYTES
                && !self.keys.contains(&record.key())
                && !self.keys.contains(&name(record)))
    }

    fn add(&mut self, record: Record, length: usize, number: u64) {
        self.keys.extend([record.key(), name(&record)]);
        self.bytes += length;
        self.waiting.push((record, number));
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.bytes = 0;
    }

    /// What is done with a record, where one of the same key, and one of the same name, is `there`.
    fn judge(
        &mut self,
        record: Record,
        number: u64,
        there: Option<Record>,
        named: Option<Record>,
    ) -> Result<Option<Change>, TransferError> {
        let refused = |reason| Err(TransferError::line(number, reason));
        if there.as_ref() == Some(&record) {
            self.imported.present += 1;
            return Ok(None);
        }
        match (record, there) {
            // The later end counts, whichever that is.
            (Record::Denied(own), _) => {
                self.imported.added += 1;
                Ok(Some(Change::Deny {
                    jti: own.jti,
                    until: own.until,
                }))
            }
            (_, Some(_)) if self.merge => {
                self.imported.skipped += 1;
                Ok(None)
            }
            (_, Some(_)) => refused("a record of the same id is there, and another one"),
            (_, None) if named.is_some() => refused("its name belongs to another user here"),
            (record, None) => {
                self.imported.added += 1;
                Ok(Some(Change::Insert(record)))
            }
        }
    }
}

/// By what else no other record may be found; its key where there is nothing.
fn name(record: &Record) -> Key {
    match record {
        Record::User(user) => Key::Username(user.username.clone()),
        record => record.key(),
    }
}

fn begun(header: &Header, until: Timestamp) -> Item {
    Item {
        space: BEGUN,
        digest: Digest::of(&header.export_id),
        version: 1,
        owner: None,
        body: "{}".to_owned(),
        expires_at: until,
    }
}

/// The lines of an export, none of which can be longer than is allowed.
struct Lines<'a> {
    from: &'a mut (dyn BufRead + Send),
    number: u64,
}

impl Lines<'_> {
    /// The next line, and its length. `None` at the end.
    fn next(&mut self) -> Result<Option<(Line, usize)>, TransferError> {
        let mut bytes = Vec::new();
        let most = u64::try_from(MAX_LINE + 2).unwrap_or(u64::MAX);
        let length = (&mut *self.from).take(most).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let text = str::from_utf8(bytes).map_err(|_| self.refused("it is not UTF-8"))?;
        let line = Line::parse(text).map_err(|error| self.refused(error))?;
        Ok(Some((line, length)))
    }

    fn refused(&self, reason: impl ToString) -> TransferError {
        TransferError::line(self.number, reason)
    }
}
