//! A world in which everything goes well: it answers as a server would, plays the person, and writes down what was said.

mod door;
mod person;
mod server;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use gatepass_client::{Credential, Notice, OAuth, Secret};
use gatepass_http::Clock;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::{Params, Timestamp};
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::commands::jwt::unverified::Unverified;
pub(super) use door::Door;

/// Something that was said.
pub(super) enum Event {
    /// A request to a server, and its answer.
    Asked {
        what: Door,
        request: Request<Vec<u8>>,
        status: StatusCode,
        answer: Value,
    },
    /// A journey of the browser, and what it brought back.
    Went { to: Url, back: Params },
    /// Something for the person to read.
    Told(Notice),
}

/// The world.
pub(super) struct World {
    /// What is to be explained, with stand-ins for its secrets.
    credential: Credential,
    /// What the server says of itself.
    metadata: ServerMetadata,
    /// The server's key.
    key: SigningKey,
    desk: Mutex<Desk>,
}

struct Desk {
    now: Timestamp,
    events: Vec<Event>,
    /// The authorization request, as it was asked last.
    asked: Params,
    /// Whether the person has been waited for.
    waited: bool,
}

/// When it all happens: at a moment like any other.
const NOW: Timestamp = Timestamp::from_secs(1_767_323_045);

impl World {
    /// A world for this credential, where the server says this of itself.
    pub(super) fn new(credential: Credential, metadata: ServerMetadata, key: SigningKey) -> Self {
        Self {
            credential,
            metadata,
            key,
            desk: Mutex::new(Desk {
                now: NOW,
                events: Vec::new(),
                asked: Params::new(),
                waited: false,
            }),
        }
    }

    /// What was said since the last call.
    pub(super) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.desk().events)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth(&self) -> Option<&OAuth> {
        match &self.credential {
            Credential::OAuth(oauth) => Some(oauth),
            _ => None,
        }
    }
}

#[async_trait]
impl Clock for World {
    fn now(&self) -> Timestamp {
        self.desk().now
    }

    async fn wait_until(&self, moment: Timestamp) {
        let mut desk = self.desk();
        desk.now = desk.now.max(moment);
    }
}

/// The claims of a JWT, believed in nothing.
pub(super) fn claims(token: &str) -> Option<Map<String, Value>> {
    Unverified::read(&Secret::new(token)).ok()?.claims
}
