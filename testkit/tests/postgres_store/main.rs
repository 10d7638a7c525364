//! The server's records in a real PostgreSQL: the contract of every backend, nodes that race, and a database that goes
//! away.

mod away;
mod killed;
mod looked;
mod moved;
mod news;
mod nodes;
mod older;
mod refusals;
mod served;

use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_store::contract::samples::{denied, session};
use gatepass_store::{PostgresStore, Store, contract};
use gatepass_testkit::{Postgres, PostgresDatabase};

contract!(postgres, fresh());

async fn fresh() -> (Arc<dyn Store>, ()) {
    (Arc::new(open(&database()).await), ())
}

/// An empty database of the server that all tests share.
fn database() -> PostgresDatabase {
    Postgres::shared().database()
}

/// What a node that starts now has.
async fn open(database: &PostgresDatabase) -> PostgresStore {
    let store = PostgresStore::open(&database.url).await;
    store.expect("the database opens")
}

/// A commit of two halves.
fn mark(n: u32) -> Vec<Change> {
    vec![
        Change::Insert(Record::Denied(denied(n))),
        Change::Insert(Record::Session(session(n))),
    ]
}

/// Whether [`mark`] was committed. Neither half may stand alone.
async fn is_marked(store: &dyn Store, n: u32) -> bool {
    let keys = [Key::Denied(denied(n).jti), Key::Session(session(n).digest)];
    let found = store.load(&keys).await.expect("the store answers");
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert!(
        there == [true, true] || there == [false, false],
        "{n}: {there:?}"
    );
    there == [true, true]
}

fn sql(database: &PostgresDatabase, statements: &str) -> String {
    Postgres::shared().sql(&database.name, statements)
}
