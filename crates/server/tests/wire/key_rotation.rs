//! Keys that replace each other while the server works, on two nodes over one database.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock as _, Egress, HttpTransport, KeyCache};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::KeySet;
use gatepass_proto::jose::access_token::{AccessToken, AccessTokenFault, Expect};
use gatepass_server::{Config, KeyRotation};
use tokio::sync::Barrier;
use url::Url;

use crate::id_tokens::part;
use crate::pairs::Pairs;
use crate::prover::robot;
use crate::step_clock::StepClock;
use crate::wire::Call;
use crate::world::{Tokens, World, config, free_port};

/// How far the clock moves at a time.
const STEP: Duration = Duration::from_secs(30);
const ROTATION: KeyRotation = KeyRotation {
    every: Duration::from_secs(30 * 60),
    publish_before: Duration::from_secs(10 * 60),
};
const WORKERS: usize = 4;

/// Two nodes.
struct Nodes {
    clock: Arc<StepClock>,
    nodes: [World; 2],
}

impl Nodes {
    async fn start(change: impl Fn(&mut Config)) -> Self {
        let clock = StepClock::new();
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = config(folder.path());
        first.listen.set_port(free_port());
        first.key_rotation = ROTATION;
        change(&mut first);
        let mut second = first.clone();
        second.issuer = Some(format!("http://{}", first.listen));
        second.listen.set_port(0);
        let first = World::start_at(folder, first, Arc::clone(&clock) as _).await;
        let besides = tempfile::tempdir().expect("a folder");
        let second = World::start_at(besides, second, Arc::clone(&clock) as _).await;
        Self {
            clock,
            nodes: [first.expect("it starts"), second.expect("it starts")],
        }
    }

    async fn step(&self, span: Duration) {
        self.clock.step(span, self.nodes.len()).await;
    }
}

/// Somebody who checks tokens by the published keys, as long as they are fresh: a key that is not known yet has them
/// fetched no sooner.
struct Verifier {
    cache: KeyCache,
    transport: HttpTransport,
    clock: Arc<StepClock>,
    jwks: Url,
    issuer: String,
    audience: String,
}

impl Verifier {
    fn of(node: &World, clock: &Arc<StepClock>) -> Self {
        let egress = Egress {
            allow_private_hosts: true,
            ..Egress::default()
        };
        let jwks = format!("http://{}/jwks.json", node.address);
        Self {
            cache: KeyCache::new(),
            transport: HttpTransport::new(egress).expect("a transport"),
            clock: Arc::clone(clock),
            jwks: jwks.parse().expect("a URL"),
            issuer: node.issuer.clone(),
            audience: format!("{}/api", node.issuer),
        }
    }

    async fn keys(&self) -> Arc<KeySet> {
        let keys = self
            .cache
            .keys(&self.jwks, None, &self.transport, &*self.clock);
        keys.await.expect("the keys")
    }

    async fn check(&self, token: &str) {
        let keys = self.keys().await;
        let known = keys.to_json();
        let checked = self.check_by(&keys, token);
        assert!(
            checked.is_ok(),
            "{checked:?}: {} of {known}",
            part(token, 0)
        );
    }

    fn check_by(&self, keys: &KeySet, token: &str) -> Result<AccessToken, AccessTokenFault> {
        let expect = Expect {
            issuer: &self.issuer,
            audience: Some(&self.audience),
            leeway: Duration::ZERO,
        };
        AccessToken::check(token, keys, &expect, self.clock.now())
    }
}

/// Everything is checked twice: when it is new, and shortly before it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_refused_meanwhile() {
    let nodes = Arc::new(Nodes::start(|_| ()).await);
    let [first, second] = &nodes.nodes;
    let added = first
        .admin()
        .await
        .add_client(robot(None, ClientDetails::default()))
        .await;
    let (client, secret) = added.expect("a client");
    let call = Call::post("/oauth/token")
        .basic(
            client.client_id.as_str(),
            secret.expect("its secret").expose(),
        )
        .form(&Pairs::of(&[("grant_type", "client_credentials")]));
    let verifiers = Arc::new([first, second].map(|node| Verifier::of(node, &nodes.clock)));
    let at_first = verifiers[0].keys().await;
    let turn = Arc::new(Barrier::new(WORKERS + 1));
    let steps = 150;
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let (call, turn) = (call.clone(), Arc::clone(&turn));
            let (nodes, verifiers) = (Arc::clone(&nodes), Arc::clone(&verifiers));
            tokio::spawn(async move {
                let (mut kids, mut kept) = (BTreeSet::new(), VecDeque::new());
                for step in 0..steps {
                    turn.wait().await;
                    // While this asks and checks, the clock moves on.
                    let node = nodes.nodes.iter().cycle().nth(number + step);
                    let token = node
                        .expect("a node")
                        .send(call.clone())
                        .await
                        .text("access_token");
                    let kid = part(&token, 0)["kid"].as_str().expect("a kid").to_owned();
                    for verifier in verifiers.iter() {
                        verifier.check(&token).await;
                    }
                    kids.insert(kid);
                    kept.push_back(token);
                    // Nine minutes old, of ten.
                    if kept.len() > 18 {
                        let old = kept.pop_front().expect("eighteen");
                        for verifier in verifiers.iter() {
                            verifier.check(&old).await;
                        }
                    }
                }
                kids
            })
        })
        .collect();
    for _ in 0..steps {
        turn.wait().await;
        nodes.step(STEP).await;
    }
    let mut used = BTreeSet::new();
    for worker in workers {
        used.extend(worker.await.expect("every token is good"));
    }
    assert_eq!(used.len(), 3, "75 minutes at 30 a key");
    let keys = first.admin().await.server_keys().await.expect("the keys");
    for alg in ["ES256", "RS256", "HS256"] {
        let begin: Vec<_> = keys
            .iter()
            .filter(|key| key.alg == alg)
            .map(|key| key.activates_at)
            .collect();
        let apart = |pair: &[gatepass_proto::Timestamp]| pair[1].since(pair[0]) >= ROTATION.every;
        assert!(
            begin.len() >= 3 && begin.windows(2).all(apart),
            "each made once: {alg} {begin:?}"
        );
    }

    let token = first.send(call).await.text("access_token");
    verifiers[0].check(&token).await;
    let by_old_ones = verifiers[0].check_by(&at_first, &token);
    assert!(
        by_old_ones.is_err(),
        "the keys of the beginning are not those of today"
    );

    // Nothing that the old ones have signed is of use any more.
    nodes.step(Duration::from_secs(26 * 3600)).await;
    nodes.step(STEP).await;
    for node in &nodes.nodes {
        let published = node.send(Call::get("/jwks.json")).await.json();
        let of = |alg: &str| {
            let keys = published["keys"].as_array().expect("keys").iter();
            keys.filter(|key| key["alg"] == alg).count()
        };
        assert_eq!(
            (of("ES256"), of("RS256")),
            (2, 2),
            "one that signs and one that will: {published}"
        );
    }
}

/// Logins from before, on either node, while the keys of their refresh tokens are replaced.
#[tokio::test]
async fn logins_outlive_the_keys_of_their_refresh_tokens() {
    let nodes = Nodes::start(|config| config.dev = true).await;
    let mut logins: Vec<Tokens> = vec![nodes.nodes[0].tokens().await];
    for node in nodes.nodes.iter().cycle().skip(1).take(4) {
        for _ in 0..(ROTATION.every.as_secs() / STEP.as_secs()) {
            nodes.step(STEP).await;
        }
        for login in &mut logins {
            *login = Tokens::of(&node.refresh(&login.refresh).await);
            node.lives(&login.access).await;
        }
        logins.push(node.tokens().await);
    }
    let keys = nodes.nodes[0]
        .admin()
        .await
        .server_keys()
        .await
        .expect("the keys");
    let refresh = keys.iter().filter(|key| key.purpose == "refresh").count();
    assert!(refresh >= 5, "{keys:?}");
}

/// A fresh database has no RSA key when the server starts to listen: it takes too long. Who asks meanwhile, waits.
#[tokio::test]
async fn rsa_keys_are_made_behind_the_scenes() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let server = gatepass_server::Server::bind(&config)
        .await
        .expect("it starts");
    let admin = gatepass_server::Admin::open(&config.database)
        .await
        .expect("opens");
    let algorithms = async || {
        let keys = admin.server_keys().await.expect("the keys").into_iter();
        keys.map(|key| key.alg).collect::<Vec<_>>()
    };
    assert_eq!(algorithms().await, ["ES256", "HS256"], "no RSA key");
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    let answer = Call::get("/jwks.json").send(address).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert!(answer.body.contains("\"RS256\""), "{answer:?}");
    assert_eq!(algorithms().await.len(), 3);
    running.abort();
}
