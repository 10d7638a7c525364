//! Changes as statements, each with its condition.

use gatepass_proto::decide::change::{AuditEvent, Change};
use sqlx::SqliteConnection;

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

impl Work for Commit {
    type Verdict = Result<(), Refusal>;

    /// The savepoint keeps a refusal from touching the neighbours in the group. A single statement needs none.
    async fn perform(&self, conn: &mut SqliteConnection) -> Result<Self::Verdict, sqlx::Error> {
        if let [change] = self.0.as_slice() {
            return apply(change, conn).await;
        }
        sqlx::query("SAVEPOINT request").execute(&mut *conn).await?;
        for change in &self.0 {
            if let Err(refusal) = apply(change, conn).await? {
                sqlx::query("ROLLBACK TO request; RELEASE request")
                    .execute(conn)
                    .await?;
                return Ok(Err(refusal));
            }
        }
        sqlx::query("RELEASE request").execute(conn).await?;
        Ok(Ok(()))
    }
}

async fn apply(
    change: &Change,
    conn: &mut SqliteConnection,
) -> Result<Result<(), Refusal>, sqlx::Error> {
    let (statement, otherwise) = statement(change);
    let rows = statement.execute(conn).await?.rows_affected();
    Ok(match otherwise {
        Some(refusal) if rows == 0 => Err(refusal),
        _ => Ok(()),
    })
}

/// The statement of a change, and the refusal if it affects no row.
fn statement(change: &Change) -> (Statement, Option<Refusal>) {
    match change {
        Change::Insert(record) => (rows::insert(record), Some(Refusal::Conflict)),
        Change::SpendCode { digest, at } => (
            sqlx::query("UPDATE codes SET spent_at = ? WHERE digest = ? AND spent_at IS NULL")
                .bind(time(*at))
                .bind(digest.as_bytes().as_slice()),
            Some(Refusal::Conflict),
        ),
        Change::Advance {
            grant_id,
            from,
            to,
            at,
        } => (
            sqlx::query(
                "UPDATE grants SET family_head = ?, family_rotated_at = ? \
                 WHERE grant_id = ? AND family_head = ? AND revoked_at IS NULL",
            )
            .bind(*to)
            .bind(time(*at))
            .bind(grant_id.as_bytes().as_slice())
            .bind(*from),
            Some(Refusal::Conflict),
        ),
        Change::Revoke { grant_id, at } => (
            sqlx::query(
                "UPDATE grants SET revoked_at = ? WHERE grant_id = ? AND revoked_at IS NULL",
            )
            .bind(time(*at))
            .bind(grant_id.as_bytes().as_slice()),
            None,
        ),
        Change::Deny { jti, until } => (
            sqlx::query(
                "INSERT INTO denied (jti, until) VALUES (?, ?) \
                 ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            )
            .bind(jti.as_str())
            .bind(time(*until)),
            None,
        ),
        Change::Once { space, hash, until } => (
            sqlx::query(
                "INSERT INTO seen (space, hash, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(*space)
            .bind(hash.as_bytes().as_slice())
            .bind(time(*until)),
            Some(Refusal::Spent),
        ),
        Change::Delete(key) => (rows::delete(key), None),
        Change::Audit(event) => (audit(event), None),
    }
}

fn audit(event: &AuditEvent) -> Statement {
    let client_id = event.client_id.as_ref().map(|id| id.as_str().to_owned());
    let user_id = event.user_id.as_ref().map(|id| id.as_str().to_owned());
    let grant_id = event.grant_id.map(|id| id.as_bytes().to_vec());
    sqlx::query(
        "INSERT INTO audit (at, event, client_id, user_id, grant_id) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(time(event.at))
    .bind(event.event)
    .bind(client_id)
    .bind(user_id)
    .bind(grant_id)
}
