//! SQLite's side of the columns.

use std::borrow::Cow;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite};

use crate::columns::{Columns, Values};

impl Values for Query<'static, Sqlite, SqliteArguments> {
    fn text<'v>(self, value: impl Into<Option<&'v str>>) -> Self {
        self.bind(value.into())
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

impl Columns for SqliteRow {
    fn some_text(&self, column: &'static str) -> Result<Option<Cow<'_, str>>, sqlx::Error> {
        let text: Option<&str> = self.try_get(column)?;
        Ok(text.map(Cow::Borrowed))
    }

    fn some_bytes(&self, column: &'static str) -> Result<Option<&[u8]>, sqlx::Error> {
        self.try_get(column)
    }

    fn some_integer(&self, column: &'static str) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn boolean(&self, column: &'static str) -> Result<bool, sqlx::Error> {
        self.try_get(column)
    }
}
