//! Answers that are kept: in memory, and in a folder that processes share.

mod folder;
mod kept;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, HeaderName, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use url::Url;

use self::folder::Folder;
use self::kept::Kept;
use crate::freshness::says;
use crate::shelf::{Document, Loaded, Shelf, Slot};
use crate::{Clock, SystemClock, Transport};

/// What a request may say and still be answered by a copy that somebody else asked for.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, USER_AGENT];
/// The longest URL whose answer is kept, in bytes.
const MAX_URL: usize = 2048;

/// What asking has brought when it brought nothing to keep.
type Answer = Result<Response<Vec<u8>>, Unreachable>;

/// The copies that [`Caching`] answers from: in memory and, where a folder is given, on disk.
pub struct AnswerCache {
    shelf: Shelf<Kept, Answer>,
    folder: Option<Folder>,
}

impl AnswerCache {
    /// An empty cache that ends with this process.
    pub fn in_memory() -> Self {
        Self {
            shelf: Shelf::default(),
            folder: None,
        }
    }

    /// A cache whose copies also lie in `path`, for the processes of this user that come later or run beside
    /// this one: `$XDG_CACHE_HOME/gatepass/documents`, say. The folder is made (0700) when something is first
    /// kept, and may be removed at any time. One that others own or can write to is not used.
    pub fn in_folder(path: impl Into<PathBuf>) -> Self {
        Self {
            shelf: Shelf::default(),
            folder: Some(Folder::new(path.into())),
        }
    }

    /// The document that is kept of `url`, however old it is by now. Nobody is asked for it.
    pub fn peek(&self, url: &Url, now: Timestamp) -> Option<Vec<u8>> {
        let document = self.slot(url, false, now).document()?;
        document.value.document().map(<[u8]>::to_vec)
    }

    /// The place of `url`, which knows what lies on disk unless memory has an answer already.
    fn slot(&self, url: &Url, anew: bool, now: Timestamp) -> Arc<Slot<Kept, Answer>> {
        let slot = self.shelf.slot(url);
        if let Some(folder) = &self.folder
            && (anew || slot.fresh(now).is_none())
            && let Some((document, failed_at)) = folder
                .read(url)
                .and_then(|file| kept::read(&file, url, now))
        {
            let down = || Unreachable {
                reason: format!("{}: was down a moment ago", origin(url)),
            };
            slot.learn(document, failed_at.map(|at| (at, Err(down()))));
        }
        slot
    }

    /// Makes the file say what is known now.
    async fn save(&self, url: &Url, document: &Document<Kept>, failed_at: Option<Timestamp>) {
        let Some(folder) = &self.folder else {
            return;
        };
        match kept::write(url, document, failed_at) {
            Some(file) => folder.write(url, file).await,
            None => folder.remove(url).await,
        }
    }
}

/// Another transport, whose answers to GETs of public documents are remembered by their URL: server metadata,
/// key sets, client documents.
///
/// * An answer with status 200 that is a JSON object of at most 256 KiB is kept for its `Cache-Control: max-age`
///   or until its `Expires`, at least a minute and at most 24 hours; 15 minutes if it says nothing; a minute for
///   `no-cache` and `no-store`, and the latter never on disk. A 404 is kept for a minute. Everything else is
///   handed on and forgotten.
/// * A copy that is too old is asked for by `If-None-Match` and `If-Modified-Since`, where the server has given a
///   validator.
/// * However many ask for a URL at once, one request leaves. Who finds an old copy while another fetches the new
///   one takes the old one.
/// * While the server is down (it is unreachable, or answers 429 or 5xx), an old copy serves for another 24 hours,
///   and the server is left alone for 30 seconds.
/// * A request with `Cache-Control: no-cache` asks again, unless the server was asked less than 30 seconds ago.
///
/// Any other request passes untouched: other methods, a body, an `Authorization` or any other header that could
/// make the answer somebody's own. Answers that are kept lose all headers but those that tell of their type and age.
///
/// Copies are shared by everybody who shares the [`AnswerCache`]; whether a URL may be asked at all is judged
/// only when it is asked.
pub struct Caching<T> {
    transport: T,
    cache: Arc<AnswerCache>,
    clock: Arc<dyn Clock>,
}

impl<T: Transport> Caching<T> {
    /// `transport` behind this cache.
    pub fn new(transport: T, cache: Arc<AnswerCache>) -> Self {
        Self {
            transport,
            cache,
            clock: Arc::new(SystemClock),
        }
    }

    /// The clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

#[async_trait]
impl<T: Transport> Transport for Caching<T> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        let Some(url) = public_document(&request) else {
            return self.transport.send(request).await;
        };
        let anew = says(request.headers(), "no-cache");
        let slot = self.cache.slot(&url, anew, self.clock.now());
        let load = self.load(&slot, &url, request);
        let outcome = if anew {
            slot.reload(&*self.clock, load).await
        } else {
            slot.fetch(&*self.clock, load).await
        };
        match outcome {
            Ok(document) => Ok(kept::answer(&document, self.clock.now())),
            Err(answer) => answer,
        }
    }
}

impl<T: Transport> Caching<T> {
    /// Asks the server. The slot sees to it that nobody else does.
    async fn load(
        &self,
        slot: &Slot<Kept, Answer>,
        url: &Url,
        mut request: Request<Vec<u8>>,
    ) -> Loaded<Kept, Answer> {
        let old = slot.document();
        if let Some(old) = &old {
            request.headers_mut().extend(old.value.conditions());
        }
        let answer = self.transport.send(request).await;
        let now = self.clock.now();
        if down(&answer) {
            tracing::warn!(origin = origin(url), "document cannot be fetched");
            if let Some(old) = &old {
                self.cache.save(url, old, Some(now)).await;
            }
            return Loaded::Down(answer);
        }
        let new = match &answer {
            Ok(response) => kept::document(response, old.as_deref(), now),
            Err(_) => None,
        };
        let Some(new) = new else {
            return Loaded::Aside(answer);
        };
        self.cache.save(url, &new, None).await;
        Loaded::New(new)
    }
}

/// The URL of a request that a copy may answer.
fn public_document(request: &Request<Vec<u8>>) -> Option<Url> {
    let public = request.method() == Method::GET
        && request.body().is_empty()
        && harmless(request.headers())
        && !says(request.headers(), "no-store");
    let url: Url = request.uri().to_string().parse().ok()?;
    (public && url.as_str().len() <= MAX_URL).then_some(url)
}

fn harmless(headers: &HeaderMap) -> bool {
    headers
        .iter()
        .all(|(name, value)| HARMLESS.contains(name) && !value.is_sensitive())
}

/// Whether the server could not answer, rather than that it has nothing to say.
fn down(answer: &Answer) -> bool {
    answer.as_ref().map_or(true, |response| {
        let status = response.status();
        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
    })
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl std::fmt::Debug for AnswerCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerCache")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Caching<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caching")
            .field("transport", &self.transport)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
