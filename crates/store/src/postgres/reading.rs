//! Look-ups.

use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::decide::record::{Key, Kind, Record};
use sqlx::{AssertSqlSafe, PgConnection};

use super::columns::{Part, Statement};
use super::fault::Failed;
use super::pool::{Pool, bounded};
use super::text::numbered;
use crate::columns::{Values as _, integer};
use crate::{StoreError, Table, audit, retention, rows};

/// How many records one statement looks up at most; a statement has up to 1,664 columns.
const TOGETHER: usize = 64;

/// The records of some keys, from one state: that of one statement, or of one transaction where there are many.
pub(super) async fn load(pool: &Pool, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
    pool.persistently(|| async {
        let mut lease = pool.lease().await?;
        let found = bounded(async {
            if keys.len() <= TOGETHER {
                together(&mut lease.conn, keys).await
            } else {
                one_after_the_other(&mut lease.conn, keys).await
            }
        })
        .await?;
        lease.give_back();
        Ok::<_, Failed>(found)
    })
    .await
}

/// The records of a kind in order.
pub(super) async fn list(pool: &Pool, kind: &Kind) -> Result<Vec<Record>, StoreError> {
    let most = i64::try_from(retention::LISTED).unwrap_or(i64::MAX);
    let text = rows::list(kind).replacen('*', rows::columns_listed(kind), 1);
    let text = numbered(&text, 1).0;
    pool.persistently(|| async {
        let mut lease = pool.lease().await?;
        let statement: Statement = sqlx::query(AssertSqlSafe(text.clone()));
        let listed = rows::bind_kind(statement, kind).integer(most);
        let listed = bounded(listed.fetch_all(&mut lease.conn)).await?;
        lease.give_back();
        let records = listed
            .iter()
            .map(|row| rows::read_listed(kind, &Part::at(0, row)));
        Ok::<_, Failed>(records.collect::<Result<_, _>>()?)
    })
    .await
}

/// The next records of a table.
pub(super) async fn page(
    pool: &Pool,
    table: Table,
    after: Option<Key>,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let text = rows::paging::select(table, after.as_ref());
    let text = numbered(&text.replacen('*', rows::paging::columns_of(table), 1), 1).0;
    pool.persistently(|| async {
        let mut lease = pool.lease().await?;
        let statement: Statement = sqlx::query(AssertSqlSafe(text.clone()));
        let page = rows::paging::bind(statement, table, after.as_ref())
            .integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let page = bounded(page.fetch_all(&mut lease.conn)).await?;
        lease.give_back();
        let records = page
            .iter()
            .map(|row| rows::paging::read(table, &Part::at(0, row)));
        Ok::<_, Failed>(records.collect::<Result<_, _>>()?)
    })
    .await
}

/// The newest lines of the audit log before one.
pub(super) async fn audit_log(
    pool: &Pool,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<AuditLine>, StoreError> {
    let text = numbered(audit::SELECT, 1).0;
    pool.persistently(|| async {
        let mut lease = pool.lease().await?;
        let statement: Statement = sqlx::query(AssertSqlSafe(text.clone()));
        let lines = statement
            .integer(before.map_or(i64::MAX, integer))
            .integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let lines = bounded(lines.fetch_all(&mut lease.conn)).await?;
        lease.give_back();
        let lines = lines.iter().map(|row| audit::read(&Part::at(0, row)));
        Ok::<_, Failed>(lines.collect::<Result<_, _>>()?)
    })
    .await
}

/// All in one statement, which is one state by itself and one round trip.
async fn together(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<Option<Record>>, sqlx::Error> {
    let (mut wanted, mut joins, mut next) = (Vec::new(), String::new(), 1);
    for (n, key) in keys.iter().enumerate() {
        // Each column by its name: a newer node may have added some.
        let select = rows::select(key).replacen('*', rows::columns_of(key), 1);
        let (select, after) = numbered(&select, next);
        next = after;
        joins.push_str(&format!(" LEFT JOIN ({select}) AS k{n} ON true"));
        wanted.push(format!("k{n}.*"));
    }
    let wanted = wanted.join(", ");
    let text = format!("SELECT {wanted} FROM (SELECT) AS nothing{joins}");
    let statement = keys.iter().fold(
        sqlx::query(AssertSqlSafe(text)),
        rows::bind_key::<Statement>,
    );
    let row = statement.fetch_one(conn).await?;

    let mut first = 0;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let part = Part::at(first, &row);
        let record = part.is_there()?.then(|| rows::read(key, &part));
        found.push(record.transpose()?);
        first += rows::columns_of(key).split(',').count();
    }
    Ok(found)
}

async fn one_after_the_other(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<Option<Record>>, sqlx::Error> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    sqlx::raw_sql(begin).execute(&mut *conn).await?;
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(TOGETHER) {
        found.extend(together(&mut *conn, keys).await?);
    }
    sqlx::raw_sql("COMMIT").execute(conn).await?;
    Ok(found)
}
