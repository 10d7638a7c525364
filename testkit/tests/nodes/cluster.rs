//! Three nodes, nginx before them, and a database behind them.

use std::sync::Arc;

use gatepass_testkit::{Postgres, PostgresDatabase, Relay};
use tempfile::TempDir;

use crate::admin::Admin;
use crate::front::{Front, Port};
use crate::node::{Node, Settings};

/// All of it; it ends with this value.
pub(crate) struct Cluster {
    /// nginx's origin, which is the issuer.
    pub(crate) issuer: String,
    pub(crate) nodes: [Node; 3],
    /// The way of the last node to the database.
    pub(crate) relay: Relay,
    pub(crate) postgres: Arc<Postgres>,
    pub(crate) admin: Admin,
    database: PostgresDatabase,
    _front: Front,
    _folder: TempDir,
}

impl Cluster {
    /// Starts everything; the nodes at once, on an empty database.
    pub(crate) async fn start() -> Self {
        let postgres = Arc::new(Postgres::start());
        let database = postgres.database();
        let relay = postgres.relay().await;
        let folder = tempfile::tempdir().expect("a folder");
        let port = Port::reserve();
        let issuer = format!("http://{}", port.address);
        let node = |number: usize, database: String| {
            Node::start(Settings {
                number,
                issuer: issuer.clone(),
                database,
                folder: folder.path().to_owned(),
            })
        };
        let cut = format!("postgres://postgres@{}/{}", relay.address(), database.name);
        let (one, two, three) = tokio::join!(
            node(1, database.url.clone()),
            node(2, database.url.clone()),
            node(3, cut)
        );
        let nodes = [one, two, three];
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        Self {
            _front: Front::start(port, &addresses, folder.path()).await,
            admin: Admin::new(folder.path(), &database.url),
            issuer,
            nodes,
            relay,
            postgres,
            database,
            _folder: folder,
        }
    }

    /// The address of a page, whichever node answers.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// What a statement prints, past all nodes.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.postgres.sql(&self.database.name, statement)
    }

    /// The address of a page at each node.
    pub(crate) fn each(&self, path: &str) -> [String; 3] {
        let [one, two, three] = &self.nodes;
        [one, two, three].map(|node| node.url(path))
    }
}
