//! Records on their way to another database.

use std::io::Write;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::Record;
use gatepass_proto::{Cx, Timestamp};
use gatepass_store::transfer::{Header, Line, TABLES, VERSION};

use super::Admin;
use super::transferring::TransferError;

/// How many records are read at a time: no more than that is held in memory.
const PAGE: u32 = 500;

impl Admin {
    /// Writes every record that lasts, one a line, as [`gatepass_store::transfer`] has it; with `audit` the audit log too,
    /// the newest line first. Says how many records it were; `told` hears it on the way.
    ///
    /// Each page of records is a state of its own: what changes while this runs may be in it or not. To move to another
    /// database, stop the servers first; to keep one moment, export a backup.
    ///
    /// # Errors
    ///
    /// The database's, or what is written to.
    pub async fn export(
        &self,
        out: &mut (dyn Write + Send),
        audit: bool,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64, TransferError> {
        let now = SystemClock.now();
        let event = AuditEvent::new(now, "database.exported");
        let committed = self.store.commit(vec![Change::Audit(event)]).await;
        committed.map_err(|error| TransferError::commit(0, error))?;
        put(out, &Line::Header(header(now)))?;
        let mut records = 0;
        for table in TABLES {
            let mut after = None;
            loop {
                let page = self.store.page(table, after.as_ref(), PAGE).await?;
                let Some(last) = page.last().map(Record::key) else {
                    break;
                };
                for record in page {
                    put(out, &Line::Record(Box::new(record)))?;
                    records += 1;
                }
                told(records);
                after = Some(last);
            }
        }
        if audit {
            self.export_audit(out).await?;
        }
        put(out, &Line::End(records))?;
        out.flush()?;
        Ok(records)
    }

    async fn export_audit(&self, out: &mut (dyn Write + Send)) -> Result<(), TransferError> {
        let mut before = None;
        loop {
            let page = self.store.audit_log(before, PAGE).await?;
            let Some(last) = page.last().map(|line| line.line) else {
                return Ok(());
            };
            for line in page {
                put(out, &Line::Audit(line))?;
            }
            before = Some(last);
        }
    }
}

fn header(now: Timestamp) -> Header {
    let random: [u8; 16] = Cx::new(now, &mut OsEntropy).bytes();
    Header {
        version: VERSION,
        export_id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        exported_at: now,
    }
}

fn put(out: &mut (dyn Write + Send), line: &Line) -> Result<(), TransferError> {
    if let Some(mut text) = line.write().map_err(TransferError::Record)? {
        text.push('\n');
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}
