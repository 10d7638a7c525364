//! The audit log, read back.

use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::{ClientId, GrantId, UserId};

use crate::columns::{Columns, unreadable};

/// The newest lines before one; the line and the most lines are bound in this order.
pub(crate) const SELECT: &str = "SELECT line, at, event, client_id, user_id, grant_id FROM audit \
    WHERE line < ? ORDER BY line DESC LIMIT ?";

/// Reads a row that [`SELECT`] found.
pub(crate) fn read(row: &impl Columns) -> Result<AuditLine, sqlx::Error> {
    Ok(AuditLine {
        line: row.some_number("line")?.ok_or_else(|| unreadable("line"))?,
        at: row.time("at")?,
        event: row.string("event")?,
        client_id: row.some_string("client_id")?.map(ClientId::new),
        user_id: row.some_string("user_id")?.map(UserId::new),
        grant_id: row.some_array("grant_id")?.map(GrantId::from_bytes),
    })
}
