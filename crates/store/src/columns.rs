//! How the values of our own types stand in columns: written and read side by side, whatever the database.

use std::borrow::Cow;

use gatepass_proto::{Digest, GrantId, Scope, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A statement that takes values, in the order of its question marks.
pub(crate) trait Values: Sized {
    fn text<'v>(self, value: impl Into<Option<&'v str>>) -> Self;

    fn bytes<'v>(self, value: impl Into<Option<&'v [u8]>>) -> Self;

    fn integer(self, value: impl Into<Option<i64>>) -> Self;

    fn boolean(self, value: bool) -> Self;

    fn number(self, value: impl Into<Option<u64>>) -> Self {
        self.integer(value.into().map(integer))
    }

    fn time(self, at: impl Into<Option<Timestamp>>) -> Self {
        self.integer(at.into().map(time))
    }

    fn digest(self, digest: &Digest) -> Self {
        self.bytes(digest.as_bytes().as_slice())
    }

    /// Digests one after the other.
    fn digests(self, digests: &[Digest]) -> Self {
        let bytes: Vec<u8> = digests
            .iter()
            .flat_map(|digest| *digest.as_bytes())
            .collect();
        self.bytes(bytes.as_slice())
    }

    fn scope(self, scope: &Scope) -> Self {
        self.text(scope.to_string().as_str())
    }

    /// A list of texts as JSON.
    fn list(self, texts: &[String]) -> Self {
        self.text(serde_json::Value::from(texts).to_string().as_str())
    }

    /// A document as JSON.
    fn document(self, value: &impl Serialize) -> Self {
        self.text(serde_json::to_string(value).unwrap_or_default().as_str())
    }
}

/// A row whose columns are read by name.
pub(crate) trait Columns {
    fn some_text(&self, column: &'static str) -> Result<Option<Cow<'_, str>>, sqlx::Error>;

    fn some_bytes(&self, column: &'static str) -> Result<Option<&[u8]>, sqlx::Error>;

    fn some_integer(&self, column: &'static str) -> Result<Option<i64>, sqlx::Error>;

    fn boolean(&self, column: &'static str) -> Result<bool, sqlx::Error>;

    fn text(&self, column: &'static str) -> Result<Cow<'_, str>, sqlx::Error> {
        self.some_text(column)?.ok_or_else(|| unreadable(column))
    }

    fn string(&self, column: &'static str) -> Result<String, sqlx::Error> {
        self.text(column).map(Cow::into_owned)
    }

    fn some_string(&self, column: &'static str) -> Result<Option<String>, sqlx::Error> {
        Ok(self.some_text(column)?.map(Cow::into_owned))
    }

    fn some_array<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<Option<[u8; N]>, sqlx::Error> {
        let bytes = self.some_bytes(column)?.map(<[u8; N]>::try_from);
        bytes.transpose().map_err(|_| unreadable(column))
    }

    fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], sqlx::Error> {
        self.some_array(column)?.ok_or_else(|| unreadable(column))
    }

    fn some_number(&self, column: &'static str) -> Result<Option<u64>, sqlx::Error> {
        let value = self.some_integer(column)?.map(u64::try_from);
        value.transpose().map_err(|_| unreadable(column))
    }

    fn some_small(&self, column: &'static str) -> Result<Option<u32>, sqlx::Error> {
        let value = self.some_integer(column)?.map(u32::try_from);
        value.transpose().map_err(|_| unreadable(column))
    }

    fn small(&self, column: &'static str) -> Result<u32, sqlx::Error> {
        self.some_small(column)?.ok_or_else(|| unreadable(column))
    }

    fn some_time(&self, column: &'static str) -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(self.some_number(column)?.map(Timestamp::from_millis))
    }

    fn time(&self, column: &'static str) -> Result<Timestamp, sqlx::Error> {
        self.some_time(column)?.ok_or_else(|| unreadable(column))
    }

    fn digest(&self, column: &'static str) -> Result<Digest, sqlx::Error> {
        self.array(column).map(Digest::from_bytes)
    }

    fn grant_id(&self, column: &'static str) -> Result<GrantId, sqlx::Error> {
        self.array(column).map(GrantId::from_bytes)
    }

    fn digests(&self, column: &'static str) -> Result<Vec<Digest>, sqlx::Error> {
        let bytes = self.some_bytes(column)?.unwrap_or_default();
        let (digests, []) = bytes.as_chunks::<32>() else {
            return Err(unreadable(column));
        };
        Ok(digests.iter().copied().map(Digest::from_bytes).collect())
    }

    fn scope(&self, column: &'static str) -> Result<Scope, sqlx::Error> {
        self.text(column)?.parse().map_err(|_| unreadable(column))
    }

    fn list(&self, column: &'static str) -> Result<Vec<String>, sqlx::Error> {
        self.document(column)
    }

    fn document<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, sqlx::Error> {
        serde_json::from_str(&self.text(column)?).map_err(|_| unreadable(column))
    }
}

/// A time or a span as an INTEGER. What an INTEGER cannot hold (292 million years) is as good as the most it can.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn time(at: Timestamp) -> i64 {
    integer(at.as_millis())
}

/// The column holds what we never write.
pub(crate) fn unreadable(column: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("column {column} holds a value out of its range").into())
}
