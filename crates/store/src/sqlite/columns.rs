//! How the values of our own types stand in columns: written and read side by side.

use gatepass_proto::{Digest, GrantId, Scope, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A time or a span as an INTEGER. What an INTEGER cannot hold (292 million years) is as good as the most it can.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn time(at: Timestamp) -> i64 {
    integer(at.as_millis())
}

pub(super) fn read_time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, sqlx::Error> {
    let millis: i64 = row.try_get(column)?;
    let millis = u64::try_from(millis).map_err(|_| unreadable(column))?;
    Ok(Timestamp::from_millis(millis))
}

pub(super) fn read_some_time(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(read_some_integer(row, column)?.map(Timestamp::from_millis))
}

pub(super) fn read_some_integer(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<u64>, sqlx::Error> {
    let value: Option<i64> = row.try_get(column)?;
    value
        .map(u64::try_from)
        .transpose()
        .map_err(|_| unreadable(column))
}

/// A list of texts as JSON.
pub(super) fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

pub(super) fn read_list(row: &SqliteRow, column: &'static str) -> Result<Vec<String>, sqlx::Error> {
    serde_json::from_str(row.try_get(column)?).map_err(|_| unreadable(column))
}

pub(super) fn read_scope(row: &SqliteRow, column: &'static str) -> Result<Scope, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|_| unreadable(column))
}

pub(super) fn read_digest(row: &SqliteRow, column: &'static str) -> Result<Digest, sqlx::Error> {
    read_bytes(row, column).map(Digest::from_bytes)
}

pub(super) fn read_grant_id(row: &SqliteRow, column: &'static str) -> Result<GrantId, sqlx::Error> {
    read_bytes(row, column).map(GrantId::from_bytes)
}

/// A document as JSON.
pub(super) fn document(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn read_document<T: DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, sqlx::Error> {
    serde_json::from_str(row.try_get(column)?).map_err(|_| unreadable(column))
}

/// Digests one after the other.
pub(super) fn digests(digests: &[Digest]) -> Vec<u8> {
    digests
        .iter()
        .flat_map(|digest| *digest.as_bytes())
        .collect()
}

pub(super) fn read_digests(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Vec<Digest>, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    let (digests, []) = bytes.as_chunks::<32>() else {
        return Err(unreadable(column));
    };
    Ok(digests.iter().copied().map(Digest::from_bytes).collect())
}

pub(super) fn read_bytes<const N: usize>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<[u8; N], sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| unreadable(column))
}

/// The column holds what we never write.
pub(super) fn unreadable(column: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("column {column} holds a value out of its range").into())
}
