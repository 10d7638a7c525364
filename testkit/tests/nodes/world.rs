//! The nodes, and who asks them.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use crate::admin::Client;
use crate::caller::{Answer, Caller, redemption};
use crate::cluster::Cluster;
use crate::person::Person;

pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) caller: Caller,
    /// People log in to it.
    pub(crate) shop: Client,
    /// It asks for itself, and introspects.
    pub(crate) robot: Client,
}

impl World {
    /// Three nodes that know a few people and clients.
    pub(crate) async fn start() -> Self {
        let cluster = Cluster::start().await;
        for name in ["alice", "bob", "carol"] {
            cluster.admin.user(name).await;
        }
        Self {
            caller: Caller::new(),
            shop: cluster.admin.shop().await,
            robot: cluster
                .admin
                .robot(&["client_credentials", "password"])
                .await,
            cluster,
        }
    }

    /// The different sets of keys that the nodes publish.
    pub(crate) async fn published(&self) -> BTreeSet<String> {
        let mut published = BTreeSet::new();
        for url in self.cluster.each("/jwks.json") {
            let answer = self.caller.get(&url, None).await.expect("an answer");
            assert_eq!(answer.status, 200);
            published.insert(answer.body.to_string());
        }
        published
    }

    /// The answers to `times` requests to every node, all at once.
    pub(crate) async fn all_at_once(
        &self,
        path: &str,
        client: &Client,
        form: &[(&str, &str)],
        times: usize,
    ) -> Vec<Answer> {
        let form: Vec<(String, String)> = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut asked = JoinSet::new();
        for url in self.cluster.each(path).into_iter().cycle().take(3 * times) {
            let (caller, client, form) = (self.caller.clone(), client.clone(), form.clone());
            asked.spawn(async move {
                let form: Vec<_> = form
                    .iter()
                    .map(|(name, value)| (&**name, &**value))
                    .collect();
                let answer = caller.post(&url, &client, &form).await;
                answer.expect("an answer")
            });
        }
        asked.join_all().await
    }

    /// The tokens of a person who logs in to the shop.
    pub(crate) async fn log_in(&self, username: &str) -> Answer {
        let mut person = Person::new(username, &self.cluster.issuer);
        let code = person.code(&self.shop).await.expect("a code");
        let url = self.cluster.url("/oauth/token");
        let answer = self.caller.post(&url, &self.shop, &redemption(&code)).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// How many nodes say that a token is good.
    pub(crate) async fn good_at(&self, token: &str) -> usize {
        let form = [("token", token)];
        let answers = self
            .all_at_once("/oauth/introspect", &self.robot, &form, 1)
            .await;
        let good = answers.iter().filter(|answer| {
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.body["active"] == true
        });
        let good = good.count();
        let mut let_in = 0;
        for url in self.cluster.each("/oauth/userinfo") {
            let answer = self.caller.get(&url, Some(token)).await.expect("an answer");
            let_in += usize::from(answer.status == 200);
        }
        assert_eq!(good, let_in, "UserInfo agrees");
        good
    }

    /// How many nodes know a client by its secret.
    pub(crate) async fn known_at(&self, client: &Client) -> usize {
        let form = [("token", "whatever")];
        let answers = self
            .all_at_once("/oauth/introspect", client, &form, 1)
            .await;
        let known = answers.iter().filter(|answer| match answer.status {
            200 => true,
            401 => false,
            _ => panic!("{answer:?}"),
        });
        known.count()
    }
}
