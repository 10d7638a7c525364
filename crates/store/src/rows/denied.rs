use gatepass_proto::decide::record::Denied;

use super::Stored;
use crate::columns::{Columns, Values};

impl Stored for Denied {
    const INSERT: &'static str =
        "INSERT INTO denied (jti, until) VALUES (?, ?) ON CONFLICT DO NOTHING";

    fn bind<V: Values>(&self, insert: V) -> V {
        insert.text(self.jti.as_str()).time(self.until)
    }

    fn read(row: &impl Columns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            jti: row.string("jti")?,
            until: row.time("until")?,
        })
    }
}
