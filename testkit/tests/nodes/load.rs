//! Who asks all the time, whatever happens to the nodes, and keeps count of what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::admin::Client;
use crate::caller::{Answer, Caller, redemption, refreshment};
use crate::person::Person;
use crate::until;
use crate::world::World;

/// How many refresh their tokens.
const FAMILIES: usize = 6;
/// How many have tokens made and revoke some of them.
const ROBOTS: usize = 3;
/// How many log in, and have their codes redeemed.
const PEOPLE: usize = 2;
/// How long everybody rests.
const PAUSE: Duration = Duration::from_millis(10);
/// How many answers more it takes to say that all goes on.
const MORE: usize = 100;

/// The load of a world.
pub(crate) struct Load {
    asker: Asker,
    families: Vec<JoinHandle<Family>>,
    robots: Vec<JoinHandle<Tokens>>,
    people: Vec<JoinHandle<usize>>,
}

/// One of those that ask.
#[derive(Clone)]
struct Asker {
    caller: Caller,
    url: String,
    shop: Client,
    robot: Client,
    counts: Arc<Counts>,
    over: Arc<AtomicBool>,
}

/// How requests ended.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicUsize,
    unavailable: AtomicUsize,
    /// By nginx, whose node was killed before it answered.
    broken: AtomicUsize,
}

/// A refresh family, as its owner knows it.
struct Family {
    token: String,
    acknowledged: usize,
}

/// Tokens whose making, and whose end, was acknowledged.
#[derive(Default)]
struct Tokens {
    good: Vec<String>,
    revoked: Vec<String>,
}

impl Load {
    /// Logs people in and begins.
    pub(crate) async fn begin(world: &World) -> Self {
        let asker = Asker {
            caller: world.caller.clone(),
            url: world.cluster.issuer.clone(),
            shop: world.shop.clone(),
            robot: world.robot.clone(),
            counts: Arc::default(),
            over: Arc::default(),
        };
        let mut families = Vec::new();
        for _ in 0..FAMILIES {
            let tokens = world.log_in("alice").await;
            let token = tokens.text("refresh_token").to_owned();
            families.push(tokio::spawn(asker.clone().refresh(token)));
        }
        let robots = (0..ROBOTS).map(|_| tokio::spawn(asker.clone().revoke()));
        let people = (0..PEOPLE).map(|_| tokio::spawn(asker.clone().log_in()));
        Self {
            robots: robots.collect(),
            people: people.collect(),
            families,
            asker,
        }
    }

    /// Waits until many more requests were answered as they should be.
    pub(crate) async fn goes_on(&self) {
        let done = &self.asker.counts.done;
        let enough = done.load(Ordering::SeqCst) + MORE;
        until("requests are answered again", async || {
            done.load(Ordering::SeqCst) >= enough
        })
        .await;
    }

    /// Ends it, and compares what was acknowledged with what is there.
    pub(crate) async fn end(self, world: &World) {
        self.asker.over.store(true, Ordering::SeqCst);
        println!("{:?}", self.asker.counts);
        let mut heads = Vec::new();
        for family in self.families {
            let family = family.await.expect("no panic");
            heads.push(family.acknowledged);
            world.one_is_left(&family.token).await;
        }
        world.heads_are(heads);
        for tokens in self.robots {
            let tokens = tokens.await.expect("no panic");
            println!(
                "{} tokens, {} revoked",
                tokens.good.len(),
                tokens.revoked.len()
            );
            assert!(!tokens.good.is_empty() && !tokens.revoked.is_empty());
            world.are_active(&tokens.good, true).await;
            world.are_active(&tokens.revoked, false).await;
        }
        let mut redeemed = FAMILIES;
        for person in self.people {
            redeemed += person.await.expect("no panic");
        }
        println!("{redeemed} codes were redeemed");
        let spent = "SELECT count(*) FROM gatepass.codes WHERE spent_at IS NOT NULL";
        let spent: usize = world.cluster.sql(spent).parse().expect("a number");
        assert!(spent >= redeemed && redeemed > FAMILIES, "{spent}");
    }
}

impl Asker {
    /// Refreshes on and on; what is not acknowledged is asked for again.
    async fn refresh(self, token: String) -> Family {
        let mut family = Family {
            token,
            acknowledged: 0,
        };
        // The last one has to be acknowledged, for the count to be the server's.
        let mut owes = false;
        while owes || !self.is_over() {
            let form = refreshment(&family.token);
            let answer = self.ask("/oauth/token", &self.shop, &form).await;
            owes = answer.is_none();
            if let Some(answer) = answer {
                assert_eq!(answer.status, 200, "the family is lost: {answer:?}");
                let next = answer.text("refresh_token").to_owned();
                assert_ne!(next, family.token);
                family.token = next;
                family.acknowledged += 1;
            }
            sleep(PAUSE).await;
        }
        family
    }

    /// Has tokens made, and revokes every second one.
    async fn revoke(self) -> Tokens {
        let mut tokens = Tokens::default();
        while !self.is_over() {
            sleep(PAUSE).await;
            let form = [("grant_type", "client_credentials")];
            let Some(answer) = self.ask("/oauth/token", &self.robot, &form).await else {
                continue;
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            let token = answer.text("access_token").to_owned();
            if tokens.good.len() <= tokens.revoked.len() {
                tokens.good.push(token);
                continue;
            }
            let form = [("token", &*token)];
            // One whose end was not acknowledged may be good or not.
            if let Some(answer) = self.ask("/oauth/revoke", &self.robot, &form).await {
                assert_eq!(answer.status, 200, "{answer:?}");
                tokens.revoked.push(token);
            }
        }
        tokens
    }

    /// Logs in on and on, and has each code redeemed by three at once; gives back how many were.
    async fn log_in(self) -> usize {
        let mut person = Person::new("bob", &self.url);
        let mut redeemed = 0;
        while !self.is_over() {
            sleep(5 * PAUSE).await;
            let Some(code) = person.code(&self.shop).await else {
                continue;
            };
            let form = redemption(&code);
            let attempt = || self.redeem(&form);
            let (one, two, three) = tokio::join!(attempt(), attempt(), attempt());
            let successes = usize::from(one) + usize::from(two) + usize::from(three);
            assert!(successes <= 1, "a code was redeemed {successes} times");
            redeemed += successes;
        }
        redeemed
    }

    async fn redeem(&self, form: &[(&str, &str)]) -> bool {
        let answer = self.ask("/oauth/token", &self.shop, form).await;
        answer.is_some_and(|answer| match answer.status {
            200 => true,
            400 if answer.text("error") == "invalid_grant" => false,
            _ => panic!("{answer:?}"),
        })
    }

    /// Asks whichever node; `None` when it could not answer, and said so as it should.
    async fn ask(&self, path: &str, client: &Client, form: &[(&str, &str)]) -> Option<Answer> {
        let url = format!("{}{path}", self.url);
        let answer = self.caller.post(&url, client, form).await;
        let answer = answer.expect("nginx answers always");
        let counts = &self.counts;
        let count = match answer.status {
            502 | 504 => &counts.broken,
            503 => &counts.unavailable,
            _ => &counts.done,
        };
        count.fetch_add(1, Ordering::SeqCst);
        match answer.status {
            502 | 504 => None,
            503 => {
                assert!(answer.is_clean_503(), "{answer:?}");
                None
            }
            _ => Some(answer),
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}

impl World {
    /// The last acknowledged token of a family is good.
    async fn one_is_left(&self, token: &str) {
        let form = [("token", token)];
        let answers = self.all_at_once("/oauth/introspect", &self.shop, &form, 1);
        for answer in answers.await {
            assert_eq!(answer.body["active"], true, "{answer:?}");
        }
    }

    /// The families have moved as often as their owners heard of it: no successor was lost, none was given twice.
    fn heads_are(&self, mut acknowledged: Vec<usize>) {
        let heads =
            "SELECT family_head FROM gatepass.grants WHERE family_head > 1 AND revoked_at IS NULL";
        let heads = self.cluster.sql(heads);
        let mut heads: Vec<usize> = heads
            .lines()
            .map(|head| head.parse::<usize>().expect("a number") - 1)
            .collect();
        heads.sort_unstable();
        acknowledged.sort_unstable();
        println!("refreshed {acknowledged:?} times");
        assert_eq!(heads, acknowledged);
    }

    async fn are_active(&self, tokens: &[String], active: bool) {
        let url = self.cluster.url("/oauth/introspect");
        for token in tokens {
            let answer = self
                .caller
                .post(&url, &self.robot, &[("token", token)])
                .await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.body["active"], active, "{answer:?}");
        }
    }
}
