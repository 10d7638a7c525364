//! The changes of a commit, all or none.

use gatepass_proto::decide::change::Change;
use sqlx::{AssertSqlSafe, PgConnection};

use super::fault::is;
use super::text::numbered;
use super::transaction::Work;
use crate::changes::{Refusal, bind, step};

/// A unique name is taken: of the changes only an edit runs into it, the others look first.
const TAKEN: &[&str] = &["23505"];

/// All of these changes or none.
pub(super) struct Commit(pub(super) Vec<Change>);

impl Work for Commit {
    type Done = ();
    type Refusal = Refusal;

    /// Change by change. A row that somebody else is changing is waited for, and its condition looked at again.
    async fn perform(&self, conn: &mut PgConnection) -> Result<Result<(), Refusal>, sqlx::Error> {
        for change in &self.0 {
            let (text, otherwise) = step(change);
            let statement = sqlx::query(AssertSqlSafe(numbered(text, 1).0));
            let rows = match bind(statement, change).execute(&mut *conn).await {
                Err(error) if is(&error, TAKEN) => return Ok(Err(Refusal::Conflict)),
                done => done?.rows_affected(),
            };
            if let (0, Some(refusal)) = (rows, otherwise) {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }
}
