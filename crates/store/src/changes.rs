//! Changes as statements, each with its condition: that it affects a row.

use gatepass_proto::decide::change::Change;

use crate::columns::Values;
use crate::{CommitError, rows};

/// Why changes were not made, though the database is well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Conflict,
    Spent,
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict => Self::Conflict,
            Refusal::Spent => Self::Spent,
        }
    }
}

/// The statement of a change, and the refusal if it affects no row.
pub(crate) fn step(change: &Change) -> (&'static str, Option<Refusal>) {
    match change {
        Change::Insert(record) => (rows::insert(record), Some(Refusal::Conflict)),
        Change::Update(edit) => (rows::update(edit), Some(Refusal::Conflict)),
        Change::SpendCode { .. } => (
            "UPDATE codes SET spent_at = ? WHERE digest = ? AND spent_at IS NULL",
            Some(Refusal::Conflict),
        ),
        Change::Advance { .. } => (
            "UPDATE grants SET family_head = ?, family_rotated_at = ? \
             WHERE grant_id = ? AND family_head = ? AND revoked_at IS NULL",
            Some(Refusal::Conflict),
        ),
        Change::Revoke { .. } => (
            "UPDATE grants SET revoked_at = ? WHERE grant_id = ? AND revoked_at IS NULL",
            None,
        ),
        Change::Deny { .. } => (
            "INSERT INTO denied (jti, until) VALUES (?, ?) \
             ON CONFLICT (jti) DO UPDATE SET until = excluded.until \
             WHERE denied.until < excluded.until",
            None,
        ),
        Change::Once { .. } => (
            "INSERT INTO seen (space, hash, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            Some(Refusal::Spent),
        ),
        Change::Replace(_) => (rows::item::REPLACE, Some(Refusal::Conflict)),
        Change::Take { .. } => (rows::item::TAKE, Some(Refusal::Conflict)),
        Change::Delete(key) => (rows::delete(key), None),
        Change::Audit(_) => (
            "INSERT INTO audit (at, event, client_id, user_id, grant_id) VALUES (?, ?, ?, ?, ?)",
            None,
        ),
    }
}

/// Binds the values of [`step`].
pub(crate) fn bind<V: Values>(statement: V, change: &Change) -> V {
    match change {
        Change::Insert(record) => rows::bind_record(statement, record),
        Change::Update(edit) => rows::bind_edit(statement, edit),
        Change::SpendCode { digest, at } => statement.time(*at).digest(digest),
        Change::Advance {
            grant_id,
            from,
            to,
            at,
        } => statement
            .integer(i64::from(*to))
            .time(*at)
            .bytes(grant_id.as_bytes().as_slice())
            .integer(i64::from(*from)),
        Change::Revoke { grant_id, at } => {
            statement.time(*at).bytes(grant_id.as_bytes().as_slice())
        }
        Change::Deny { jti, until } => statement.text(jti.as_str()).time(*until),
        Change::Once { space, hash, until } => statement.text(*space).digest(hash).time(*until),
        Change::Replace(item) => rows::item::bind_replace(item, statement),
        Change::Take {
            space,
            digest,
            version,
        } => statement
            .text(*space)
            .digest(digest)
            .integer(i64::from(*version)),
        Change::Delete(key) => rows::bind_key(statement, key),
        Change::Audit(event) => statement
            .time(event.at)
            .text(event.event)
            .text(event.client_id.as_ref().map(|id| id.as_str()))
            .text(event.user_id.as_ref().map(|id| id.as_str()))
            .bytes(event.grant_id.as_ref().map(|id| id.as_bytes().as_slice())),
    }
}
