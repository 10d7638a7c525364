//! The tables of the records: how each is written, read and found, whatever the database.
//!
//! The statements are SQLite's: values stand as question marks, and a row is `*`. A backend that wants them otherwise
//! rewrites them.

mod api_key;
mod client;
mod code;
mod denied;
mod grant;
pub(crate) mod item;
pub(crate) mod paging;
mod sealed_key;
mod session;
mod user;

use gatepass_proto::decide::change::Edit;
use gatepass_proto::decide::record::{
    ApiKey, Client, Code, Denied, Grant, Key, Kind, Record, SealedKey, Session, User,
};

use crate::columns::{Columns, Values};

/// A record as a row of its table.
trait Stored: Sized {
    /// Adds the row unless its key or a unique name is taken. It names all columns.
    const INSERT: &'static str;

    /// Binds the columns in the order of [`Self::INSERT`].
    fn bind<V: Values>(&self, insert: V) -> V;

    /// Reads a row of the whole table.
    fn read(row: &impl Columns) -> Result<Self, sqlx::Error>;
}

/// Adds a record, which is bound by [`bind_record`]; affects no row when its key or a unique name is taken.
pub(crate) fn insert(record: &Record) -> &'static str {
    match record {
        Record::Client(_) => Client::INSERT,
        Record::User(_) => User::INSERT,
        Record::Session(_) => Session::INSERT,
        Record::Code(_) => Code::INSERT,
        Record::Grant(_) => Grant::INSERT,
        Record::ApiKey(_) => ApiKey::INSERT,
        Record::Denied(_) => Denied::INSERT,
        Record::SealedKey(_) => SealedKey::INSERT,
        Record::Item(_) => item::INSERT,
    }
}

/// Binds a record's columns as the next values.
pub(crate) fn bind_record<V: Values>(statement: V, record: &Record) -> V {
    match record {
        Record::Client(client) => client.bind(statement),
        Record::User(user) => user.bind(statement),
        Record::Session(session) => session.bind(statement),
        Record::Code(code) => code.bind(statement),
        Record::Grant(grant) => grant.bind(statement),
        Record::ApiKey(key) => key.bind(statement),
        Record::Denied(denied) => denied.bind(statement),
        Record::SealedKey(key) => key.bind(statement),
        Record::Item(own) => item::bind(own, statement),
    }
}

/// Puts a record in place of what it was, both bound by [`bind_edit`]; affects no row when something else stands there.
pub(crate) fn update(edit: &Edit) -> &'static str {
    match edit {
        Edit::Client { .. } => client::UPDATE,
        Edit::User { .. } => user::UPDATE,
    }
}

/// Binds what a record becomes and then what it must be, each in the order of its columns.
pub(crate) fn bind_edit<V: Values>(statement: V, edit: &Edit) -> V {
    match edit {
        Edit::Client { before, after } => before.bind(after.bind(statement)),
        Edit::User { before, after } => before.bind(after.bind(statement)),
    }
}

/// Finds the row of a key, which is bound by [`bind_key`].
pub(crate) fn select(key: &Key) -> &'static str {
    match key {
        Key::Client(_) => "SELECT * FROM clients WHERE client_id = ?",
        Key::User(_) => "SELECT * FROM users WHERE user_id = ?",
        Key::Username(_) => "SELECT * FROM users WHERE username = ?",
        Key::Session(_) => "SELECT * FROM sessions WHERE digest = ?",
        Key::Code(_) => "SELECT * FROM codes WHERE digest = ?",
        Key::Grant(_) => "SELECT * FROM grants WHERE grant_id = ?",
        Key::ApiKey(_) => "SELECT * FROM api_keys WHERE digest = ?",
        Key::Denied(_) => "SELECT * FROM denied WHERE jti = ?",
        Key::SealedKey(_) => "SELECT * FROM sealed_keys WHERE key_id = ?",
        Key::Item { .. } => "SELECT * FROM items WHERE space = ? AND digest = ?",
    }
}

/// Deletes the row of a key, which is bound by [`bind_key`].
pub(crate) fn delete(key: &Key) -> &'static str {
    match key {
        Key::Client(_) => "DELETE FROM clients WHERE client_id = ?",
        Key::User(_) => "DELETE FROM users WHERE user_id = ?",
        Key::Username(_) => "DELETE FROM users WHERE username = ?",
        Key::Session(_) => "DELETE FROM sessions WHERE digest = ?",
        Key::Code(_) => "DELETE FROM codes WHERE digest = ?",
        Key::Grant(_) => "DELETE FROM grants WHERE grant_id = ?",
        Key::ApiKey(_) => "DELETE FROM api_keys WHERE digest = ?",
        Key::Denied(_) => "DELETE FROM denied WHERE jti = ?",
        Key::SealedKey(_) => "DELETE FROM sealed_keys WHERE key_id = ?",
        Key::Item { .. } => "DELETE FROM items WHERE space = ? AND digest = ?",
    }
}

/// Binds a key as the next value.
pub(crate) fn bind_key<V: Values>(statement: V, key: &Key) -> V {
    match key {
        Key::Client(client_id) => statement.text(client_id.as_str()),
        Key::User(user_id) => statement.text(user_id.as_str()),
        Key::Username(text) | Key::Denied(text) | Key::SealedKey(text) => {
            statement.text(text.as_str())
        }
        Key::Session(digest) | Key::Code(digest) | Key::ApiKey(digest) => statement.digest(digest),
        Key::Grant(grant_id) => statement.bytes(grant_id.as_bytes().as_slice()),
        Key::Item { space, digest } => statement.text(*space).digest(digest),
    }
}

/// Reads the row that [`select`] found.
pub(crate) fn read(key: &Key, row: &impl Columns) -> Result<Record, sqlx::Error> {
    match key {
        Key::Client(_) => Client::read(row).map(Record::Client),
        Key::User(_) | Key::Username(_) => User::read(row).map(Record::User),
        Key::Session(_) => Session::read(row).map(Record::Session),
        Key::Code(_) => Code::read(row).map(Record::Code),
        Key::Grant(_) => Grant::read(row).map(Record::Grant),
        Key::ApiKey(_) => ApiKey::read(row).map(Record::ApiKey),
        Key::Denied(_) => Denied::read(row).map(Record::Denied),
        Key::SealedKey(_) => SealedKey::read(row).map(Record::SealedKey),
        Key::Item { space, .. } => item::read(space, row).map(Record::Item),
    }
}

/// Every row of a kind in order. What it is limited to is bound by [`bind_kind`], the most rows after that.
pub(crate) fn list(kind: &Kind) -> &'static str {
    match kind {
        Kind::Client => "SELECT * FROM clients ORDER BY client_id LIMIT ?",
        Kind::User => "SELECT * FROM users ORDER BY username LIMIT ?",
        Kind::ApiKey => "SELECT * FROM api_keys ORDER BY name LIMIT ?",
        Kind::SealedKey => "SELECT * FROM sealed_keys ORDER BY key_id LIMIT ?",
        Kind::GrantsOf(_) => "SELECT * FROM grants WHERE user_id = ? ORDER BY grant_id LIMIT ?",
        Kind::SessionsOf(_) => "SELECT * FROM sessions WHERE user_id = ? ORDER BY digest LIMIT ?",
        Kind::ItemsOf { .. } => {
            "SELECT * FROM items WHERE space = ? AND owner = ? ORDER BY digest LIMIT ?"
        }
    }
}

/// Binds what a kind is limited to as the next values.
pub(crate) fn bind_kind<V: Values>(statement: V, kind: &Kind) -> V {
    match kind {
        Kind::Client | Kind::User | Kind::ApiKey | Kind::SealedKey => statement,
        Kind::GrantsOf(user_id) | Kind::SessionsOf(user_id) => statement.text(user_id.as_str()),
        Kind::ItemsOf { space, owner } => statement.text(*space).text(owner.as_str()),
    }
}

/// Reads a row that [`list`] found.
pub(crate) fn read_listed(kind: &Kind, row: &impl Columns) -> Result<Record, sqlx::Error> {
    match kind {
        Kind::Client => Client::read(row).map(Record::Client),
        Kind::User => User::read(row).map(Record::User),
        Kind::ApiKey => ApiKey::read(row).map(Record::ApiKey),
        Kind::SealedKey => SealedKey::read(row).map(Record::SealedKey),
        Kind::GrantsOf(_) => Grant::read(row).map(Record::Grant),
        Kind::SessionsOf(_) => Session::read(row).map(Record::Session),
        Kind::ItemsOf { space, .. } => item::read(space, row).map(Record::Item),
    }
}

/// The columns of the table in which a key is looked up, the first of them never NULL.
pub(crate) fn columns_of(key: &Key) -> &'static str {
    columns(match key {
        Key::Client(_) => Client::INSERT,
        Key::User(_) | Key::Username(_) => User::INSERT,
        Key::Session(_) => Session::INSERT,
        Key::Code(_) => Code::INSERT,
        Key::Grant(_) => Grant::INSERT,
        Key::ApiKey(_) => ApiKey::INSERT,
        Key::Denied(_) => Denied::INSERT,
        Key::SealedKey(_) => SealedKey::INSERT,
        Key::Item { .. } => item::INSERT,
    })
}

/// The columns of the table that a kind is listed from.
pub(crate) fn columns_listed(kind: &Kind) -> &'static str {
    columns(match kind {
        Kind::Client => Client::INSERT,
        Kind::User => User::INSERT,
        Kind::ApiKey => ApiKey::INSERT,
        Kind::SealedKey => SealedKey::INSERT,
        Kind::GrantsOf(_) => Grant::INSERT,
        Kind::SessionsOf(_) => Session::INSERT,
        Kind::ItemsOf { .. } => item::INSERT,
    })
}

/// What stands between the first parentheses of an INSERT.
fn columns(insert: &'static str) -> &'static str {
    let list = insert.split_once('(').map_or("", |(_, rest)| rest);
    list.split_once(')').map_or("", |(list, _)| list)
}
