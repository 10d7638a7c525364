//! The accounts of the throttle. Their rows are locked in the order of their names before anybody judges, so that guesses
//! count exactly, however many nodes there are, and no two wait for each other.

use std::collections::BTreeSet;

use gatepass_proto::Timestamp;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::columns::Part;
use super::text;
use super::transaction::Work;
use crate::account::{self, Accounts};
use crate::columns::{Columns as _, time};
use crate::{Charge, Throttled};

/// Locks each account, those that are not there yet by adding them.
const LOCK_ALL: &str = "INSERT INTO accounts (account, failures, last_at) \
    SELECT account, 0, 0 FROM unnest($1::text[]) WITH ORDINALITY AS wanted (account, place) ORDER BY place \
    ON CONFLICT (account) DO UPDATE SET account = excluded.account \
    RETURNING account, failures, last_at, blocked_until";

/// Locks the accounts that are there.
const LOCK: &str = "SELECT account, failures, last_at, blocked_until FROM accounts \
    WHERE account = ANY ($1::text[]) ORDER BY account FOR UPDATE";

const SAVE: &str = "UPDATE accounts SET failures = new.failures, last_at = new.last_at, \
    blocked_until = new.blocked_until \
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) \
    AS new (account, failures, last_at, blocked_until) WHERE accounts.account = new.account";

const FORGET: &str = "DELETE FROM accounts WHERE account = ANY ($1::text[])";

/// Charges a guess to all of the accounts or to none.
pub(super) struct ChargeAll {
    pub(super) charges: Vec<Charge>,
    pub(super) now: Timestamp,
}

impl Work for ChargeAll {
    type Done = ();
    type Refusal = Throttled;

    async fn perform(&self, conn: &mut PgConnection) -> Result<Result<(), Throttled>, sqlx::Error> {
        let mut accounts = locked(LOCK_ALL, &self.charges, conn).await?;
        if let Err(throttled) = account::charge(&mut accounts, &self.charges, self.now) {
            return Ok(Err(throttled));
        }
        save(&accounts, conn).await?;
        Ok(Ok(()))
    }
}

/// Takes these charges back.
pub(super) struct Forgive(pub(super) Vec<Charge>);

/// Forgiving is never refused.
pub(super) enum Never {}

impl Work for Forgive {
    type Done = ();
    type Refusal = Never;

    async fn perform(&self, conn: &mut PgConnection) -> Result<Result<(), Never>, sqlx::Error> {
        let mut left = locked(LOCK, &self.0, conn).await?;
        let mut gone = BTreeSet::new();
        for Charge { account, limit } in &self.0 {
            let before = left.remove(account.as_str()).unwrap_or_default();
            match before.forgiven(*limit) {
                Some(after) => drop(left.insert(account, after)),
                None => drop(gone.insert(text::written(account))),
            }
        }
        save(&left, conn).await?;
        let gone: Vec<&str> = gone.iter().map(AsRef::as_ref).collect();
        sqlx::query(FORGET).bind(gone).execute(conn).await?;
        Ok(Ok(()))
    }
}

/// The accounts of these charges as they are, which nobody else changes now.
async fn locked<'c>(
    lock: &'static str,
    charges: &'c [Charge],
    conn: &mut PgConnection,
) -> Result<Accounts<'c>, sqlx::Error> {
    let names: BTreeSet<&str> = charges
        .iter()
        .map(|charge| charge.account.as_str())
        .collect();
    let written: Vec<_> = names.iter().map(|name| text::written(name)).collect();
    let written: Vec<&str> = written.iter().map(AsRef::as_ref).collect();
    let rows: Vec<PgRow> = sqlx::query(lock).bind(written).fetch_all(conn).await?;
    let mut accounts = Accounts::new();
    for row in &rows {
        let row = Part::at(0, row);
        let name = row.text("account")?;
        if let Some(name) = names.get(name.as_ref()) {
            accounts.insert(*name, account::read(&row)?);
        }
    }
    Ok(accounts)
}

async fn save(accounts: &Accounts<'_>, conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let names: Vec<_> = accounts.keys().map(|name| text::written(name)).collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let each = accounts.values();
    let failures: Vec<i64> = each.clone().map(|own| i64::from(own.failures)).collect();
    let last_at: Vec<i64> = each.clone().map(|own| time(own.last_at)).collect();
    let blocked: Vec<Option<i64>> = each.map(|own| own.blocked_until.map(time)).collect();
    sqlx::query(SAVE)
        .bind(names)
        .bind(failures)
        .bind(last_at)
        .bind(blocked)
        .execute(conn)
        .await?;
    Ok(())
}
