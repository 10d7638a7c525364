use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::header::CACHE_CONTROL;
use url::Url;

use super::DocumentCache;
use crate::{Clock, KeyCache, Transport};

/// A clock that is set by hand, and a server whose answer is.
struct World {
    now: AtomicU64,
    asked: AtomicUsize,
    answer: Mutex<Option<(String, &'static str)>>,
    delay: Duration,
}

impl World {
    fn new(body: &str, cache_control: &'static str) -> Self {
        Self {
            now: AtomicU64::new(1_000_000),
            asked: AtomicUsize::new(0),
            answer: Mutex::new(Some((body.to_owned(), cache_control))),
            delay: Duration::ZERO,
        }
    }

    fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn becomes(&self, answer: Option<&str>) {
        *self.answer.lock().expect("not poisoned") = answer.map(|body| (body.to_owned(), ""));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.now.load(Ordering::SeqCst))
    }

    async fn wait_until(&self, _: Timestamp) {}
}

#[async_trait]
impl Transport for World {
    async fn send(
        &self,
        _: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        let answer = self.answer.lock().expect("not poisoned").clone();
        let (body, control) = answer.ok_or_else(|| Unreachable {
            reason: "down".into(),
        })?;
        let mut response = http::Response::new(body.into_bytes());
        if !control.is_empty() {
            response
                .headers_mut()
                .insert(CACHE_CONTROL, http::HeaderValue::from_static(control));
        }
        Ok(response)
    }
}

fn cache() -> DocumentCache<String> {
    DocumentCache::new(|bytes| match std::str::from_utf8(bytes) {
        Ok(text) if text != "nonsense" => Ok(text.to_owned()),
        _ => Err("not a document".into()),
    })
}

fn url() -> Url {
    "https://as.example/keys".parse().expect("a URL")
}

async fn fetch(cache: &DocumentCache<String>, world: &World) -> Result<String, String> {
    let document = cache.fetch(&url(), world, world).await;
    document
        .map(|document| document.value.clone())
        .map_err(|error| error.reason)
}

#[tokio::test]
async fn a_fresh_document_is_not_asked_for_again() {
    let (cache, world) = (cache(), World::new("a", "max-age=600"));
    assert_eq!(fetch(&cache, &world).await, Ok("a".into()));
    world.pass(599);
    world.becomes(Some("b"));
    assert_eq!(
        (fetch(&cache, &world).await, world.asked()),
        (Ok("a".into()), 1)
    );
    world.pass(1);
    assert_eq!(
        (fetch(&cache, &world).await, world.asked()),
        (Ok("b".into()), 2)
    );
}

#[tokio::test]
async fn an_old_one_serves_while_the_server_is_down() {
    let (cache, world) = (cache(), World::new("a", "max-age=600"));
    fetch(&cache, &world).await.expect("up");
    world.becomes(None);
    world.pass(601);
    for _ in 0..5 {
        assert_eq!(fetch(&cache, &world).await, Ok("a".into()));
    }
    assert_eq!(
        world.asked(),
        2,
        "a server that is down is left alone for a while"
    );
    world.pass(30);
    world.becomes(Some("nonsense"));
    assert_eq!(fetch(&cache, &world).await, Ok("a".into()));
    assert_eq!(world.asked(), 3);
    world.pass(24 * 60 * 60);
    assert!(fetch(&cache, &world).await.is_err(), "but not for ever");
}

#[tokio::test]
async fn many_ask_and_one_request_leaves() {
    let world = Arc::new(World {
        delay: Duration::from_millis(30),
        ..World::new("a", "")
    });
    let cache = Arc::new(cache());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (cache, world) = (cache.clone(), world.clone());
        tasks.spawn(async move { fetch(&cache, &world).await });
    }
    assert!(
        tasks
            .join_all()
            .await
            .iter()
            .all(|outcome| outcome == &Ok("a".to_owned()))
    );
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn many_ask_a_dead_server_and_one_request_leaves() {
    let world = Arc::new(World {
        delay: Duration::from_millis(30),
        ..World::new("", "")
    });
    world.becomes(None);
    let cache = Arc::new(cache());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (cache, world) = (cache.clone(), world.clone());
        tasks.spawn(async move { fetch(&cache, &world).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_err));
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn an_unknown_kid_reloads_but_not_in_a_flood() {
    let keys = |kid: &str| {
        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{kid}","x":"{x}","y":"{y}"}}]}}"#)
    };
    let (cache, world) = (KeyCache::new(), World::new(&keys("one"), ""));
    let has = async |kid: &str| {
        cache
            .keys(&url(), Some(kid), &world, &world)
            .await
            .expect("keys")
            .has(kid)
    };
    assert!(has("one").await);
    world.becomes(Some(&keys("two")));
    assert!(!has("two").await, "just fetched");
    world.pass(30);
    assert!(has("two").await);
    for n in 0..20 {
        assert!(!has(&format!("invented-{n}")).await);
    }
    assert_eq!(world.asked(), 2);
    world.pass(30);
    world.becomes(None);
    assert!(!has("three").await);
    assert!(has("two").await, "known keys go on serving");
}
