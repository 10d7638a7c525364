//! Nodes are killed and cut off, the database goes away, all under load: nobody is told what does not hold, nothing is
//! accepted twice, and everything comes back by itself.

use std::time::Instant;

use gatepass_testkit::{Postgres, Way};

use crate::load::Load;
use crate::node::Node;
use crate::until;
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_cost_nobody_anything() {
    let mut world = World::start().await;
    let load = Load::begin(&world).await;
    load.goes_on().await;

    for n in 0..world.cluster.nodes.len() {
        world.cluster.nodes[n].kill().await;
        load.goes_on().await;
        world.cluster.nodes[n].start_again().await;
        world.works(&world.cluster.nodes[n]).await;
    }
    load.goes_on().await;

    for way in [Way::Closed, Way::Silent] {
        let node = &world.cluster.nodes[2];
        world.cluster.relay.turn(way);
        world.says_that_it_cannot(node).await;
        world.cluster.relay.turn(Way::Open);
        world.works(node).await;
        load.goes_on().await;
    }

    for end in [Postgres::stop, Postgres::crash] {
        end(&world.cluster.postgres);
        for node in &world.cluster.nodes {
            world.says_that_it_cannot(node).await;
        }
        world.cluster.postgres.start_again();
        for node in &world.cluster.nodes {
            world.works(node).await;
        }
        load.goes_on().await;
    }
    load.end(&world).await;
}

impl World {
    /// A node without its database says so, and serves on what needs none.
    async fn says_that_it_cannot(&self, node: &Node) {
        let began = Instant::now();
        until("it is not ready", async || {
            self.status(&node.operations_url("/ready")).await == 503
        })
        .await;
        let url = node.url("/oauth/token");
        let form = [("grant_type", "client_credentials")];
        // It may know the client for a second more.
        until("it says that it cannot", async || {
            let asked = self.caller.post(&url, &self.robot, &form).await;
            let answer = asked.expect("an answer");
            assert!(answer.status == 200 || answer.is_clean_503(), "{answer:?}");
            answer.is_clean_503()
        })
        .await;
        println!(
            "a node without its database says so after {:?}",
            began.elapsed()
        );
        for path in ["/jwks.json", "/.well-known/openid-configuration"] {
            assert_eq!(self.status(&node.url(path)).await, 200, "{path}");
        }
        assert_eq!(self.status(&node.operations_url("/health")).await, 200);
    }

    /// A node works again.
    async fn works(&self, node: &Node) {
        let began = Instant::now();
        until("it is ready", async || {
            self.status(&node.operations_url("/ready")).await == 200
        })
        .await;
        let url = node.url("/oauth/introspect");
        until("it answers", async || {
            let asked = self.caller.post(&url, &self.robot, &[("token", "x")]);
            asked.await.is_some_and(|answer| answer.status == 200)
        })
        .await;
        println!("it works again after {:?}", began.elapsed());
    }

    async fn status(&self, url: &str) -> u16 {
        let answer = self.caller.get(url, None).await;
        answer.map_or(0, |answer| answer.status)
    }
}
