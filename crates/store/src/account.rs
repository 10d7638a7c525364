//! The accounts of the throttle as they stand in their table.

use crate::columns::Columns;

pub(crate) use gatepass_proto::throttle::{Account, Accounts, charge};

/// An account as it stands in its table.
pub(crate) fn read(row: &impl Columns) -> Result<Account, sqlx::Error> {
    Ok(Account {
        failures: row.small("failures")?,
        last_at: row.time("last_at")?,
        blocked_until: row.some_time("blocked_until")?,
    })
}
