//! An API whose metadata names a provider, or says what a test has it say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use gatepass_client::tokens::{MemoryTokens, TokenKey, TokenStore};
use gatepass_client::{Credential, Discover, Error, Response, Session, SessionBuilder};
use serde_json::{Value, json};

use crate::agent::{Agent, Reader};
use crate::provider::Provider;
use crate::server::{Act, Seen, Server, answer};

/// Where its metadata is by default.
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

/// The API and whoever issues its tokens.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) server: Server,
    pub(crate) provider: Provider,
    desk: Arc<Mutex<Desk>>,
}

type Page = Box<dyn Fn() -> Act + Send>;

/// Refuses a token with a status and a challenge.
type Guard = Box<dyn Fn(&str) -> Option<(u16, String)> + Send>;

pub(crate) struct Desk {
    /// What is answered at a path, whoever asks.
    pub(crate) pages: BTreeMap<String, Page>,
    /// Who decides about tokens in place of the provider, below a path; the longest counts.
    guards: BTreeMap<String, Guard>,
    /// The challenge of a 401.
    pub(crate) challenge: String,
    /// The scope that a path wants, which its token has to have been asked for with.
    pub(crate) wants: BTreeMap<String, String>,
    /// What was shown at each path.
    pub(crate) shown: Vec<(String, Option<String>)>,
    /// Tokens that are taken no more.
    pub(crate) revoked: BTreeSet<String>,
}

impl Api {
    /// An API at `/api` that names a provider of its own.
    pub(crate) async fn start() -> Self {
        let provider = Provider::start().await;
        let desk = Arc::new(Mutex::new(Desk {
            pages: BTreeMap::new(),
            guards: BTreeMap::new(),
            challenge: "Bearer".to_owned(),
            wants: BTreeMap::new(),
            shown: Vec::new(),
            revoked: BTreeSet::new(),
        }));
        let (own, issuing) = (desk.clone(), provider.clone());
        let server = Server::start(move |seen| own.lock().unwrap().serve(seen, &issuing)).await;
        let api = Self {
            server,
            provider,
            desk,
        };
        let named = api.url(&format!("{METADATA}/api"));
        api.desk().challenge = format!(r#"Bearer scope="read", resource_metadata="{named}""#);
        let document = api.document("/api");
        api.publish(&format!("{METADATA}/api"), &document);
        api
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    /// The metadata of what is below a path.
    pub(crate) fn document(&self, path: &str) -> Value {
        json!({ "resource": self.url(path), "authorization_servers": [self.provider.server.url] })
    }

    pub(crate) fn publish(&self, path: &str, document: &Value) {
        let body = document.to_string();
        self.page(path, move || answer(200, &[], &body));
    }

    pub(crate) fn page(&self, path: &str, page: impl Fn() -> Act + Send + 'static) {
        self.desk().pages.insert(path.to_owned(), Box::new(page));
    }

    /// From now on this decides about tokens that are shown at paths that begin so.
    pub(crate) fn guard(
        &self,
        begin: &str,
        guard: impl Fn(&str) -> Option<(u16, String)> + Send + 'static,
    ) {
        let mut desk = self.desk();
        desk.guards.insert(begin.to_owned(), Box::new(guard));
    }

    /// How often a path was asked.
    pub(crate) fn visits(&self, path: &str) -> usize {
        let shown = &self.desk().shown;
        shown.iter().filter(|(own, _)| own == path).count()
    }

    /// The tokens that were shown at paths that begin so.
    pub(crate) fn shown_at(&self, begin: &str) -> usize {
        let shown = &self.desk().shown;
        let at = shown.iter().filter(|(path, _)| path.starts_with(begin));
        at.filter(|(_, token)| token.is_some()).count()
    }

    pub(crate) fn session(&self) -> SessionBuilder {
        self.session_of(Discover::default())
    }

    pub(crate) fn session_of(&self, discover: Discover) -> SessionBuilder {
        Session::builder(Credential::from(discover)).api(&self.server.url)
    }

    /// A session with a person who agrees to everything.
    pub(crate) fn attended(&self) -> (Session, Arc<Agent>) {
        let (agent, options) = Agent::options();
        let session = self.session().person(Arc::new(Reader), options);
        (session.build().unwrap(), agent)
    }

    pub(crate) async fn get(&self, session: &Session, path: &str) -> Result<Response, Error> {
        session.get(self.url(path)).send().await
    }

    /// The status of the answer to a GET.
    pub(crate) async fn status(&self, session: &Session, path: &str) -> u16 {
        self.get(session, path).await.unwrap().status().as_u16()
    }
}

impl Desk {
    fn serve(&mut self, seen: &Seen, provider: &Provider) -> Act {
        let path = seen.target.split('?').next().unwrap().to_owned();
        let shown = seen.header("authorization").map(str::to_owned);
        self.shown.push((path.clone(), shown.clone()));
        if let Some(page) = self.pages.get(&path) {
            return page();
        }
        if path.starts_with("/.well-known/") {
            return answer(404, &[], "");
        }
        let token = shown.as_deref().and_then(|value| value.split_once(' '));
        let mut guards = self.guards.iter().rev();
        if let Some((_, guard)) = guards.find(|(begin, _)| path.starts_with(*begin)) {
            return match guard(token.map_or("", |(_, token)| token)) {
                Some((status, challenge)) => {
                    answer(status, &[("WWW-Authenticate", &challenge)], "")
                }
                None => answer(200, &[], "data"),
            };
        }
        let desk = provider.desk();
        let good = token
            .is_some_and(|(_, token)| desk.good.contains(token) && !self.revoked.contains(token));
        if !good {
            return answer(401, &[("WWW-Authenticate", &self.challenge)], "");
        }
        let asked = desk.asked.get("scope").unwrap_or_default();
        match self.wants.get(&path) {
            Some(wanted)
                if !wanted
                    .split(' ')
                    .all(|own| asked.split(' ').any(|had| had == own)) =>
            {
                let challenge = format!(r#"Bearer error="insufficient_scope", scope="{wanted}""#);
                answer(403, &[("WWW-Authenticate", &challenge)], "")
            }
            _ => answer(200, &[], format!("data {}", seen.text())),
        }
    }
}

/// A store that several sessions share, as programs share a profile's.
pub(crate) fn store() -> (Arc<dyn TokenStore>, TokenKey) {
    (Arc::new(MemoryTokens::new()), TokenKey::new("own").unwrap())
}
