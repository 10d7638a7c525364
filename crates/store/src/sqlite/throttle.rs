//! The accounts of the throttle. The writer is alone in its transaction, so that reading, judging and writing
//! back count exactly, however many guess at once and in however many processes.

use gatepass_proto::Timestamp;
use sqlx::SqliteConnection;

use super::writer::Work;
use crate::account::{self, Account, Accounts};
use crate::columns::time;
use crate::{Charge, Throttled};

/// Charges a guess to all of the accounts or to none.
pub(super) struct ChargeAll {
    pub(super) charges: Vec<Charge>,
    pub(super) now: Timestamp,
}

impl Work for ChargeAll {
    type Verdict = Result<(), Throttled>;

    async fn perform(&self, conn: &mut SqliteConnection) -> Result<Self::Verdict, sqlx::Error> {
        let mut accounts = Accounts::new();
        for charge in &self.charges {
            let account = load(&charge.account, conn).await?;
            accounts.insert(&charge.account, account);
        }
        if let Err(throttled) = account::charge(&mut accounts, &self.charges, self.now) {
            return Ok(Err(throttled));
        }
        for (name, account) in accounts {
            save(name, account, conn).await?;
        }
        Ok(Ok(()))
    }
}

/// Takes these charges back.
pub(super) struct Forgive(pub(super) Vec<Charge>);

impl Work for Forgive {
    type Verdict = ();

    async fn perform(&self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for Charge { account, limit } in &self.0 {
            let before = load(account, &mut *conn).await?;
            match before.forgiven(*limit) {
                Some(left) => save(account, left, &mut *conn).await?,
                None => {
                    sqlx::query("DELETE FROM accounts WHERE account = ?")
                        .bind(account.as_str())
                        .execute(&mut *conn)
                        .await?;
                }
            }
        }
        Ok(())
    }
}

async fn load(name: &str, conn: &mut SqliteConnection) -> Result<Account, sqlx::Error> {
    let row = sqlx::query("SELECT * FROM accounts WHERE account = ?")
        .bind(name)
        .fetch_optional(conn)
        .await?;
    row.map_or_else(|| Ok(Account::default()), |row| account::read(&row))
}

async fn save(
    name: &str,
    account: Account,
    conn: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO accounts (account, failures, last_at, blocked_until) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, \
         blocked_until = excluded.blocked_until",
    )
    .bind(name)
    .bind(account.failures)
    .bind(time(account.last_at))
    .bind(account.blocked_until.map(time))
    .execute(conn)
    .await?;
    Ok(())
}
