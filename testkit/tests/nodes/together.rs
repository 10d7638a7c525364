//! Three nodes are one server: whatever one of them has done holds at the others.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::admin::{Client, PASSWORD, REDIRECT_URI, ROTATE};
use crate::caller::{redemption, refreshment};
use crate::person::Person;
use crate::until;
use crate::world::World;

/// The promise: nobody goes by what was changed longer ago.
const BOUND: Duration = Duration::from_secs(1);
/// Wrong guesses in a row that are looked at.
const GUESSES: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_are_one_server() {
    let world = World::start().await;
    world.every_node_is_asked().await;
    world.a_code_is_redeemed_once().await;
    world.a_refresh_has_one_successor().await;
    world.guesses_count_once().await;
    world.revocations_hold_at_once().await;
    world.a_locked_account_is_locked_everywhere().await;
    world.another_secret_is_asked_for_everywhere().await;
    world.a_client_that_is_gone_is_gone_everywhere().await;
    world.a_new_key_is_published_everywhere().await;
}

impl World {
    async fn every_node_is_asked(&self) {
        let mut asked = JoinSet::new();
        for _ in 0..30 {
            let (caller, robot) = (self.caller.clone(), self.robot.clone());
            let url = self.cluster.url("/oauth/token");
            asked.spawn(async move {
                let form = [("grant_type", "client_credentials")];
                let answer = caller.post(&url, &robot, &form).await.expect("an answer");
                assert_eq!(answer.status, 200, "{answer:?}");
                answer.node()
            });
        }
        let nodes: BTreeSet<String> = asked.join_all().await.into_iter().collect();
        let all = self
            .cluster
            .nodes
            .iter()
            .map(|node| node.address.to_string());
        assert_eq!(nodes, all.collect());
    }

    async fn a_code_is_redeemed_once(&self) {
        let mut person = Person::new("alice", &self.cluster.issuer);
        for _ in 0..6 {
            let code = person.code(&self.shop).await.expect("a code");
            let form = redemption(&code);
            let answers = self.all_at_once("/oauth/token", &self.shop, &form, 3).await;
            let redeemed = answers.iter().filter(|answer| answer.status == 200).count();
            assert_eq!(redeemed, 1, "{answers:?}");
            let refused = answers.iter().filter(|answer| answer.status != 200);
            for answer in refused {
                assert_eq!(answer.text("error"), "invalid_grant", "{answer:?}");
            }
        }
    }

    async fn a_refresh_has_one_successor(&self) {
        let tokens = self.log_in("alice").await;
        let mut last = tokens.text("refresh_token").to_owned();
        let mut seen = HashSet::new();
        for _ in 0..6 {
            let form = refreshment(&last);
            let answers = self.all_at_once("/oauth/token", &self.shop, &form, 4).await;
            let mut successors = BTreeSet::new();
            for answer in &answers {
                assert_eq!(answer.status, 200, "{answer:?}");
                successors.insert(answer.text("refresh_token").to_owned());
            }
            assert_eq!(successors.len(), 1, "{answers:?}");
            let next = successors.pop_first().expect("one");
            assert!(seen.insert(std::mem::replace(&mut last, next)));
        }
        // Any but the last two is a replay, at whatever node, and ends the family at all of them.
        let replayed = tokens.text("refresh_token");
        for token in [replayed, &last] {
            let form = refreshment(token);
            for answer in self.all_at_once("/oauth/token", &self.shop, &form, 1).await {
                assert_eq!(answer.text("error"), "invalid_grant", "{answer:?}");
            }
        }
    }

    async fn guesses_count_once(&self) {
        let mut guesses = JoinSet::new();
        for n in 0..3 * GUESSES {
            let (caller, robot) = (self.caller.clone(), self.robot.clone());
            let url = self.cluster.url("/oauth/token");
            guesses.spawn(async move {
                let wrong = format!("wrong-{n}");
                let form = [
                    ("grant_type", "password"),
                    ("username", "bob"),
                    ("password", &*wrong),
                ];
                loop {
                    let answer = caller.post(&url, &robot, &form).await.expect("an answer");
                    // Too many at once for this node, which has looked at none of them.
                    if !answer.is_clean_503() {
                        return answer.status;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
        }
        let mut counted = guesses.join_all().await;
        counted.sort_unstable();
        let mut expected = vec![400; GUESSES];
        expected.extend([429; 2 * GUESSES]);
        assert_eq!(counted, expected);
        let right = [
            ("grant_type", "password"),
            ("username", "bob"),
            ("password", PASSWORD),
        ];
        for answer in self
            .all_at_once("/oauth/token", &self.robot, &right, 1)
            .await
        {
            assert_eq!(answer.status, 429, "{answer:?}");
        }
    }

    /// Nobody remembers which tokens are good: what one node has revoked, the others refuse from then on.
    async fn revocations_hold_at_once(&self) {
        for url in self.cluster.each("/oauth/revoke") {
            let tokens = self.log_in("alice").await;
            let access = tokens.text("access_token");
            assert_eq!(self.good_at(access).await, 3);
            let revoked = self
                .caller
                .post(&url, &self.shop, &[("token", access)])
                .await;
            assert_eq!(revoked.expect("an answer").status, 200);
            assert_eq!(self.good_at(access).await, 0);

            let tokens = self.log_in("alice").await;
            let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
            assert_eq!(self.good_at(access).await, 3);
            let revoked = self
                .caller
                .post(&url, &self.shop, &[("token", refresh)])
                .await;
            assert_eq!(revoked.expect("an answer").status, 200);
            assert_eq!(self.good_at(access).await, 0);
            let form = refreshment(refresh);
            for answer in self.all_at_once("/oauth/token", &self.shop, &form, 1).await {
                assert_eq!(answer.text("error"), "invalid_grant", "{answer:?}");
            }
        }
    }

    async fn a_locked_account_is_locked_everywhere(&self) {
        let tokens = self.log_in("carol").await;
        let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
        assert_eq!(self.good_at(access).await, 3);
        self.cluster.admin.run("user lock carol").await;
        assert_eq!(self.good_at(access).await, 0);
        let form = refreshment(refresh);
        for answer in self.all_at_once("/oauth/token", &self.shop, &form, 1).await {
            assert_eq!(answer.text("error"), "invalid_grant", "{answer:?}");
        }
    }

    /// Changed by another program altogether.
    async fn another_secret_is_asked_for_everywhere(&self) {
        let grants = ["client_credentials"];
        let (client, other) = (
            self.cluster.admin.robot(&grants).await,
            self.cluster.admin.robot(&grants).await,
        );
        assert_eq!(self.known_at(&client).await, 3);
        self.cluster.sql(&format!(
            "UPDATE gatepass.clients SET client_secrets = \
             (SELECT client_secrets FROM gatepass.clients WHERE client_id = '{}') WHERE client_id = '{}'",
            other.id, client.id
        ));
        tokio::time::sleep(BOUND).await;
        assert_eq!(self.known_at(&client).await, 0);
        let changed = Client {
            secret: other.secret,
            ..client
        };
        assert_eq!(self.known_at(&changed).await, 3);
    }

    async fn a_client_that_is_gone_is_gone_everywhere(&self) {
        for url in self.cluster.each("/oauth/register") {
            let metadata = json!({ "redirect_uris": [REDIRECT_URI] });
            let registered = self.caller.register(&url, &metadata).await;
            let client = Client {
                id: registered.text("client_id").to_owned(),
                secret: registered.text("client_secret").to_owned(),
            };
            assert_eq!(self.known_at(&client).await, 3, "{registered:?}");
            let own = format!("{url}/{}", client.id);
            let token = registered.text("registration_access_token");
            let deleted = self.caller.delete(&own, token).await;
            assert_eq!(deleted.expect("an answer").status, 204);
            tokio::time::sleep(BOUND).await;
            assert_eq!(self.known_at(&client).await, 0);
        }
    }

    async fn a_new_key_is_published_everywhere(&self) {
        let before = self.published().await;
        assert_eq!(before.len(), 1, "all nodes have the same keys");
        let began = Instant::now();
        self.cluster.admin.run(ROTATE).await;
        let acknowledged = began.elapsed();
        until("every node publishes the new key", async || {
            let now = self.published().await;
            now.len() == 1 && now != before
        })
        .await;
        let seen = began.elapsed() - acknowledged;
        println!("a new key was published by every node {seen:?} after the command had ended");
    }
}
