//! PostgreSQL's side of the columns.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Column as _, Postgres, Row as _};

use super::text;
use crate::columns::{Columns, Values};

/// A statement and the values bound to it so far.
pub(super) type Statement = Query<'static, Postgres, PgArguments>;

impl Values for Statement {
    fn text<'v>(self, value: impl Into<Option<&'v str>>) -> Self {
        self.bind(value.into().map(text::written))
    }

    fn bytes<'v>(self, value: impl Into<Option<&'v [u8]>>) -> Self {
        self.bind(value.into())
    }

    fn integer(self, value: impl Into<Option<i64>>) -> Self {
        self.bind(value.into())
    }

    fn boolean(self, value: bool) -> Self {
        self.bind(value)
    }
}

/// The columns of one record in a row that may hold several, one after the other.
pub(super) struct Part<'r> {
    row: &'r PgRow,
    first: usize,
}

impl<'r> Part<'r> {
    /// The record that begins at the column `first`.
    pub(super) fn at(first: usize, row: &'r PgRow) -> Self {
        Self { row, first }
    }

    /// Whether there is one: its first column is never NULL.
    pub(super) fn is_there(&self) -> Result<bool, sqlx::Error> {
        use sqlx::ValueRef as _;
        Ok(!self.row.try_get_raw(self.first)?.is_null())
    }

    fn place(&self, column: &'static str) -> Result<usize, sqlx::Error> {
        let mut own = self.row.columns().iter().skip(self.first);
        let found = own.position(|own| own.name() == column);
        found
            .map(|place| self.first + place)
            .ok_or_else(|| sqlx::Error::ColumnNotFound(column.to_owned()))
    }
}

impl Columns for Part<'_> {
    fn some_text(&self, column: &'static str) -> Result<Option<Cow<'_, str>>, sqlx::Error> {
        let text: Option<&str> = self.row.try_get(self.place(column)?)?;
        Ok(text.map(text::read))
    }

    fn some_bytes(&self, column: &'static str) -> Result<Option<&[u8]>, sqlx::Error> {
        self.row.try_get(self.place(column)?)
    }

    fn some_integer(&self, column: &'static str) -> Result<Option<i64>, sqlx::Error> {
        self.row.try_get(self.place(column)?)
    }

    fn boolean(&self, column: &'static str) -> Result<bool, sqlx::Error> {
        self.row.try_get(self.place(column)?)
    }
}
