//! A page of a table. What it is limited to is bound by [`bind`], the most rows after that.

use gatepass_proto::decide::record::{ApiKey, Client, Denied, Grant, Key, Record, SealedKey, User};

use super::{Stored as _, bind_key, columns, item};
use crate::Table;
use crate::columns::{Columns, Values};

/// The rows that come after a key, or the first.
pub(crate) fn select(table: Table, after: Option<&Key>) -> String {
    let (name, key) = match table {
        Table::Clients => ("clients", "client_id"),
        Table::Users => ("users", "user_id"),
        Table::Grants => ("grants", "grant_id"),
        Table::ApiKeys => ("api_keys", "digest"),
        Table::Denied => ("denied", "jti"),
        Table::SealedKeys => ("sealed_keys", "key_id"),
        Table::Items(_) => ("items", "digest"),
    };
    let limits = match (table, after) {
        (Table::Items(_), Some(_)) => "WHERE space = ? AND digest > ?".to_owned(),
        (Table::Items(_), None) => "WHERE space = ?".to_owned(),
        (_, Some(_)) => format!("WHERE {key} > ?"),
        (_, None) => String::new(),
    };
    format!("SELECT * FROM {name} {limits} ORDER BY {key} LIMIT ?")
}

/// Binds what a page is limited to as the next values.
pub(crate) fn bind<V: Values>(statement: V, table: Table, after: Option<&Key>) -> V {
    let statement = match (table, after) {
        // Its key begins with the kind.
        (Table::Items(space), None) => statement.text(space),
        _ => statement,
    };
    match after {
        Some(key) => bind_key(statement, key),
        None => statement,
    }
}

/// Reads a row that [`select`] found.
pub(crate) fn read(table: Table, row: &impl Columns) -> Result<Record, sqlx::Error> {
    match table {
        Table::Clients => Client::read(row).map(Record::Client),
        Table::Users => User::read(row).map(Record::User),
        Table::Grants => Grant::read(row).map(Record::Grant),
        Table::ApiKeys => ApiKey::read(row).map(Record::ApiKey),
        Table::Denied => Denied::read(row).map(Record::Denied),
        Table::SealedKeys => SealedKey::read(row).map(Record::SealedKey),
        Table::Items(space) => item::read(space, row).map(Record::Item),
    }
}

/// The columns of the table.
pub(crate) fn columns_of(table: Table) -> &'static str {
    columns(match table {
        Table::Clients => Client::INSERT,
        Table::Users => User::INSERT,
        Table::Grants => Grant::INSERT,
        Table::ApiKeys => ApiKey::INSERT,
        Table::Denied => Denied::INSERT,
        Table::SealedKeys => SealedKey::INSERT,
        Table::Items(_) => item::INSERT,
    })
}
