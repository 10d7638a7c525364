use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use gatepass_http::{Clock, Egress, OsEntropy, Transport};
use gatepass_proto::decide::documents::{Document, DocumentFault, DocumentKind};
use gatepass_proto::decide::record::Client;
use gatepass_proto::endpoint::register::{RegistrationPolicy, Terms};
use gatepass_proto::flow::Unreachable;
use gatepass_proto::{ClientId, ErrorCode, OAuthError, Timestamp};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE};
use http::{Request, Response};
use serde_json::json;

use super::{Network, Ways};
use crate::endpoints::metadata;
use crate::judge::Outside as _;
use crate::seal::MasterKey;

const ID: &str = "https://app.example/client.json";
const DAY: u64 = 24 * 3600;

/// A site that gives these answers in turn, and then the last for ever; 0 is nobody at home.
struct Site {
    turns: Mutex<VecDeque<(u16, String)>>,
    seen: Mutex<Vec<Request<Vec<u8>>>>,
    lifetime: &'static str,
}

struct Told(AtomicU64);

#[async_trait]
impl Clock for Told {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::Relaxed))
    }

    async fn wait_until(&self, moment: Timestamp) {
        self.0.fetch_max(moment.as_secs(), Ordering::Relaxed);
    }
}

#[async_trait]
impl Transport for Site {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        self.seen.lock().expect("not poisoned").push(request);
        let mut turns = self.turns.lock().expect("not poisoned");
        let turn = match turns.len() {
            1 => turns.front().cloned(),
            _ => turns.pop_front(),
        };
        let (status, body) = turn.expect("an answer");
        if status == 0 {
            let reason = "nobody is at home".to_owned();
            return Err(Unreachable { reason });
        }
        let answer = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "application/json")
            .header(CACHE_CONTROL, self.lifetime);
        Ok(answer.body(body.into_bytes()).expect("an answer"))
    }
}

struct World {
    network: Network,
    site: Arc<Site>,
    clock: Arc<Told>,
}

impl World {
    fn new(lifetime: &'static str, turns: &[(u16, &str)]) -> Self {
        let site = Arc::new(Site {
            turns: Mutex::new(
                turns
                    .iter()
                    .map(|(status, body)| (*status, (*body).to_owned()))
                    .collect(),
            ),
            seen: Mutex::default(),
            lifetime,
        });
        let clock = Arc::new(Told(AtomicU64::new(1_800_000_000)));
        let told: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let master = Arc::new(MasterKey::ephemeral(&mut OsEntropy).expect("a key"));
        let network = Network::new(Egress::default(), Arc::clone(&told), master);
        let transport: Arc<dyn Transport> = Arc::clone(&site) as Arc<dyn Transport>;
        let network = Network {
            ways: OnceLock::from(Some(Ways::over(transport, &told))),
            ..network.describing(terms())
        };
        Self {
            network,
            site,
            clock,
        }
    }

    async fn described(&self) -> Result<Option<Client>, OAuthError> {
        self.network.described(&ClientId::new(ID)).await
    }

    async fn refused(&self) -> ErrorCode {
        self.described().await.expect_err("there is none").code()
    }

    fn later(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn asked(&self) -> usize {
        self.site.seen.lock().expect("not poisoned").len()
    }
}

fn terms() -> Terms {
    let served = metadata::document("https://as.example", Vec::new(), &Default::default());
    let policy = RegistrationPolicy {
        scope: "read".parse().expect("a scope"),
        ..RegistrationPolicy::default()
    };
    Terms::new(policy, &served, "https://as.example/register")
}

fn document(name: &str) -> String {
    let redirect_uris = ["https://app.example/cb"];
    json!({ "client_id": ID, "client_name": name, "redirect_uris": redirect_uris }).to_string()
}

#[tokio::test]
async fn a_copy_serves_while_it_is_fresh_and_is_asked_for_without_any_credential() {
    let (first, second) = (document("One"), document("Two"));
    let world = World::new("max-age=600", &[(200, &first), (200, &second)]);
    for _ in 0..3 {
        let client = world.described().await.expect("good").expect("a client");
        assert_eq!(client.client_name, "app.example (“One”)");
        world.later(199);
    }
    assert_eq!(world.asked(), 1);
    world.later(10);
    let client = world.described().await.expect("good").expect("a client");
    assert_eq!(client.client_name, "app.example (“Two”)");
    for request in world.site.seen.lock().expect("not poisoned").iter() {
        assert_eq!(request.uri(), ID);
        assert!(!request.headers().contains_key(AUTHORIZATION));
        assert!(!request.headers().contains_key(COOKIE));
    }
}

/// The bounds are a minute and a day, whatever the document's server says.
#[tokio::test]
async fn no_server_says_that_it_be_asked_at_every_request_or_never_again() {
    let good = document("One");
    let world = World::new("no-store", &[(200, &good)]);
    world.described().await.expect("good");
    world.later(59);
    world.described().await.expect("good");
    assert_eq!(world.asked(), 1);
    let world = World::new("max-age=99999999", &[(200, &good)]);
    world.described().await.expect("good");
    world.later(DAY);
    world.described().await.expect("good");
    assert_eq!(world.asked(), 2);
}

/// RFC 5861 §4: trouble at a client's site ends nobody's access, for a day.
#[tokio::test]
async fn a_copy_serves_for_a_day_while_its_server_is_in_trouble() {
    for trouble in [0, 429, 500, 503] {
        let good = document("One");
        let world = World::new("max-age=60", &[(200, &good), (trouble, "")]);
        world.described().await.expect("good");
        for hour in 0..24 {
            world.later(3590);
            let found = world.described().await;
            assert!(found.is_ok(), "{trouble} after {hour} hours: {found:?}");
        }
        world.later(3600);
        assert_eq!(world.refused().await, ErrorCode::TemporarilyUnavailable);
    }
}

/// That is an answer, and it says that there is no such client any more.
#[tokio::test]
async fn a_document_that_was_taken_away_serves_no_longer() {
    for status in [301, 302, 307, 400, 401, 403, 404, 410] {
        let good = document("One");
        let world = World::new("max-age=60", &[(200, &good), (status, "{}")]);
        world.described().await.expect("good");
        world.later(61);
        assert_eq!(world.refused().await, ErrorCode::InvalidClient, "{status}");
    }
}

/// Whoever has mended theirs waits half a minute at most, however long the bad one was to be kept.
#[tokio::test]
async fn nothing_bad_is_kept() {
    let (bad, good) = (
        document("One").replace(ID, "https://evil.example/c"),
        document("One"),
    );
    for (status, body) in [
        (200, bad.as_str()),
        (404, ""),
        (302, ""),
        (503, ""),
        (0, ""),
    ] {
        let world = World::new("max-age=86400", &[(status, body), (200, &good)]);
        world.refused().await;
        world.later(31);
        let found = world.described().await;
        assert!(found.is_ok(), "{status}: {found:?}");
    }
}

/// Anybody can make this server ask: then it does so seldom.
#[tokio::test]
async fn a_flood_of_ids_sends_few_requests_to_their_host() {
    let world = World::new("max-age=60", &[(404, "")]);
    for n in 0..200 {
        let id = ClientId::new(format!("https://victim.example/{n}"));
        world
            .network
            .described(&id)
            .await
            .expect_err("there is none");
    }
    assert!(world.asked() <= 30, "{}", world.asked());
}

#[tokio::test]
async fn a_request_object_is_fetched_each_time() {
    let world = World::new("max-age=600", &[(200, "{}")]);
    let document = Document {
        url: "https://app.example/request.jwt".to_owned(),
        kind: DocumentKind::RequestObject,
    };
    for asked in 1..4 {
        world.network.document(&document).await.expect("found");
        assert_eq!(world.asked(), asked);
    }
    let gone = World::new("", &[(404, "")]);
    let found = gone.network.document(&document).await;
    assert_eq!(found, Err(DocumentFault::Status(404)));
}
