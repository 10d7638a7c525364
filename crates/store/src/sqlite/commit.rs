//! Changes as statements, each with its condition.

use std::future::ready;

use futures_util::TryStreamExt as _;
use gatepass_proto::decide::change::Change;
use sqlx::{AssertSqlSafe, Executor as _, SqliteConnection};

use super::columns::time;
use super::rows::{self, Statement};
use super::writer::Work;
use crate::CommitError;

/// All of these changes or none.
pub(super) struct Commit(pub(super) Vec<Change>);

/// Why they were not made, though the database is well.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
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

/// How many changes go to the connection's thread at once: each errand there and back costs more than a change
/// itself. What is longer goes in several.
const TOGETHER: usize = 16;

impl Work for Commit {
    type Verdict = Result<(), Refusal>;

    async fn perform(&self, conn: &mut SqliteConnection) -> Result<Self::Verdict, sqlx::Error> {
        let mut first = "RELEASE request; SAVEPOINT request";
        for changes in self.0.chunks(TOGETHER) {
            if let Err(refusal) = apply(first, changes, conn).await? {
                sqlx::query("ROLLBACK TO request").execute(conn).await?;
                return Ok(Err(refusal));
            }
            first = "";
        }
        Ok(Ok(()))
    }
}

/// Makes changes after what comes `first`. The condition of a change is that it affects a row.
async fn apply(
    first: &str,
    changes: &[Change],
    conn: &mut SqliteConnection,
) -> Result<Result<(), Refusal>, sqlx::Error> {
    let steps = changes.iter().map(step).collect::<Vec<_>>();
    let sql = steps
        .iter()
        .fold(first.to_owned(), |sql, (text, _)| sql + "; " + text);
    let statement = sqlx::query(AssertSqlSafe(sql));
    let mut ends: Vec<_> = conn
        .fetch_many(changes.iter().fold(statement, bind))
        .try_filter_map(|end| ready(Ok(end.left().map(|end| end.rows_affected()))))
        .try_collect()
        .await?;
    let own = ends.split_off(ends.len().saturating_sub(steps.len()));
    Ok(steps
        .iter()
        .zip(own)
        .find_map(|((_, otherwise), rows)| otherwise.filter(|_| rows == 0))
        .map_or(Ok(()), Err))
}

/// The statement of a change, and the refusal if it affects no row.
fn step(change: &Change) -> (&'static str, Option<Refusal>) {
    match change {
        Change::Insert(record) => (rows::insert(record), Some(Refusal::Conflict)),
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
             ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
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
fn bind(statement: Statement, change: &Change) -> Statement {
    match change {
        Change::Insert(record) => rows::bind_record(statement, record),
        Change::SpendCode { digest, at } => {
            statement.bind(time(*at)).bind(digest.as_bytes().as_slice())
        }
        Change::Advance {
            grant_id,
            from,
            to,
            at,
        } => statement
            .bind(*to)
            .bind(time(*at))
            .bind(grant_id.as_bytes().as_slice())
            .bind(*from),
        Change::Revoke { grant_id, at } => statement
            .bind(time(*at))
            .bind(grant_id.as_bytes().as_slice()),
        Change::Deny { jti, until } => statement.bind(jti.as_str()).bind(time(*until)),
        Change::Once { space, hash, until } => statement
            .bind(*space)
            .bind(hash.as_bytes().as_slice())
            .bind(time(*until)),
        Change::Replace(item) => rows::item::bind_replace(item, statement),
        Change::Take {
            space,
            digest,
            version,
        } => statement
            .bind(*space)
            .bind(digest.as_bytes().as_slice())
            .bind(*version),
        Change::Delete(key) => rows::bind_key(statement, key),
        Change::Audit(event) => statement
            .bind(time(event.at))
            .bind(event.event)
            .bind(event.client_id.as_ref().map(|id| id.as_str().to_owned()))
            .bind(event.user_id.as_ref().map(|id| id.as_str().to_owned()))
            .bind(event.grant_id.map(|id| id.as_bytes().to_vec())),
    }
}
