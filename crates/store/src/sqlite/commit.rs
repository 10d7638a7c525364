//! The changes of a commit, all or none.

use std::future::ready;

use futures_util::TryStreamExt as _;
use gatepass_proto::decide::change::Change;
use sqlx::{AssertSqlSafe, Executor as _, SqliteConnection};

use super::writer::Work;
use crate::changes::{Refusal, bind, step};

/// All of these changes or none.
pub(super) struct Commit(pub(super) Vec<Change>);

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
