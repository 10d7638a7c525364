//! The cache under a clock that is set by hand.

mod answers;
mod on_disk;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::{Request, Response};
use tempfile::TempDir;

use super::{AnswerCache, Caching};
use crate::{Clock, Transport};

const PLACE: &str = "https://as.example/keys?x=1";

/// What the server does.
#[derive(Clone)]
enum Mood {
    Answers(u16, &'static [(&'static str, &'static str)], String),
    Down,
}

/// A clock that is set by hand, and a server.
struct World {
    now: AtomicU64,
    mood: Mutex<Mood>,
    seen: Mutex<Vec<Request<Vec<u8>>>>,
    delay: Duration,
}

impl World {
    fn new(mood: Mood) -> Arc<Self> {
        Self::slow(mood, Duration::ZERO)
    }

    fn slow(mood: Mood, delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicU64::new(1_767_225_600),
            mood: Mutex::new(mood),
            seen: Mutex::default(),
            delay,
        })
    }

    fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().expect("not poisoned") = mood;
    }

    fn asked(&self) -> usize {
        self.seen.lock().expect("not poisoned").len()
    }

    /// A header of the last request.
    fn heard(&self, name: &str) -> Option<String> {
        let seen = self.seen.lock().expect("not poisoned");
        let value = seen.last()?.headers().get(name)?;
        Some(value.to_str().expect("text").to_owned())
    }

    /// A process that starts now.
    fn process(self: &Arc<Self>, folder: Option<&TempDir>) -> Caching<Arc<Self>> {
        let cache = match folder {
            Some(folder) => AnswerCache::in_folder(folder.path().join("documents")),
            None => AnswerCache::in_memory(),
        };
        Caching::new(self.clone(), Arc::new(cache)).clock(self.clone())
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
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        self.seen.lock().expect("not poisoned").push(request);
        tokio::time::sleep(self.delay).await;
        let mood = self.mood.lock().expect("not poisoned").clone();
        let Mood::Answers(status, headers, body) = mood else {
            return Err(Unreachable {
                reason: "down".into(),
            });
        };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Ok(response.body(body.into_bytes()).expect("an answer"))
    }
}

fn ok(headers: &'static [(&'static str, &'static str)], body: &str) -> Mood {
    Mood::Answers(200, headers, body.to_owned())
}

fn says(status: u16) -> Mood {
    Mood::Answers(status, &[], "a page".to_owned())
}

fn request(headers: &[(&str, &str)]) -> Request<Vec<u8>> {
    let mut request = Request::get(PLACE).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Vec::new()).expect("a request")
}

async fn send(
    process: &Caching<Arc<World>>,
    headers: &[(&str, &str)],
) -> Result<(u16, String), String> {
    let response = process.send(request(headers)).await;
    let response = response.map_err(|error| error.reason)?;
    let body = String::from_utf8(response.body().clone()).expect("text");
    Ok((response.status().as_u16(), body))
}

async fn get(process: &Caching<Arc<World>>) -> Result<(u16, String), String> {
    send(process, &[]).await
}

async fn reload(process: &Caching<Arc<World>>) -> Result<(u16, String), String> {
    send(process, &[("cache-control", "no-cache")]).await
}

fn is(body: &str) -> Result<(u16, String), String> {
    Ok((200, body.to_owned()))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The files on disk.
fn files(folder: &TempDir) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.path().join("documents")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.expect("a file").path()).collect()
}

const TEN_MINUTES: &[(&str, &str)] = &[
    ("cache-control", "max-age=600"),
    ("content-type", "application/json"),
    ("set-cookie", "a=b"),
];
