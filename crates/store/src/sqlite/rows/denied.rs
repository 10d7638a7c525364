use gatepass_proto::decide::record::Denied;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Statement, Stored};
use crate::sqlite::columns::{read_time, time};

impl Stored for Denied {
    const INSERT: &'static str =
        "INSERT INTO denied (jti, until) VALUES (?, ?) ON CONFLICT DO NOTHING";

    fn bind(&self, insert: Statement) -> Statement {
        insert.bind(self.jti.as_str()).bind(time(self.until))
    }

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            jti: row.try_get("jti")?,
            until: read_time(row, "until")?,
        })
    }
}
