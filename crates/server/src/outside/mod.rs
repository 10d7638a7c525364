//! What judgements need to know of clients and the database does not say in clear: what they publish, which is fetched, and
//! their sealed secrets, which are opened.
//!
//! Clients are strangers: no host is trusted for having been named by one, so nothing is fetched from this machine or its
//! neighbours unless the operator allows it ([`NamedByServer`](gatepass_http::NamedByServer)). No redirect is followed, and
//! no credential sent.

mod pace;
mod secrets;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::{AnswerCache, Caching, Clock, Egress, HttpTransport, KeyCache, Transport};
use gatepass_proto::decide::documents::{Document, DocumentFault, DocumentKind, Found};
use gatepass_proto::decide::record::Client;
use gatepass_proto::endpoint::register::{Terms, describe};
use gatepass_proto::jose::KeySet;
use gatepass_proto::{ClientId, ErrorCode, OAuthError, Secret};
use http::header::{ACCEPT, AGE, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use url::Url;

use crate::judge::Outside;
use crate::seal::MasterKey;
use pace::Paced;

pub(crate) use secrets::seal;

/// The largest answer that is read, in bytes: a key set. What less is taken of, is looked at afterwards.
const MAX_ANSWER: usize = 256 * 1024;
/// The time that a client's server has, within the time of the request that waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fetches what clients publish and opens their secrets, for one server.
pub(crate) struct Network {
    keys: KeyCache,
    /// Made when they are first needed: most servers never ask anybody.
    ways: OnceLock<Option<Ways>>,
    egress: Egress,
    clock: Arc<dyn Clock>,
    master: Arc<MasterKey>,
    /// The terms for clients that their documents describe; `None` where there are no such clients.
    described: Option<Terms>,
}

/// The ways to a client's server.
struct Ways {
    /// To addresses that were registered.
    direct: Arc<dyn Transport>,
    /// To addresses that anybody brings along, with a copy of what is there.
    kept: Caching<Paced<Arc<dyn Transport>>>,
}

impl Ways {
    fn over(transport: Arc<dyn Transport>, clock: &Arc<dyn Clock>) -> Self {
        let paced = Paced::new(Arc::clone(&transport), Arc::clone(clock));
        let kept = Caching::new(paced, Arc::new(AnswerCache::in_memory()));
        Self {
            direct: transport,
            kept: kept.clock(Arc::clone(clock)),
        }
    }
}

/// Which copy of a document will do.
#[derive(Clone, Copy)]
enum Wanted {
    /// One that was kept.
    Kept,
    /// One that is fetched for this, unless its server was asked half a minute ago.
    Fresh,
}

impl Network {
    /// Over these rules of where requests may go.
    pub(crate) fn new(egress: Egress, clock: Arc<dyn Clock>, master: Arc<MasterKey>) -> Self {
        Self {
            keys: KeyCache::new(),
            ways: OnceLock::new(),
            egress: Egress {
                max_answer: MAX_ANSWER,
                connect_timeout: PATIENCE,
                timeout: PATIENCE,
                ..egress
            },
            clock,
            master,
            described: None,
        }
    }

    /// The same, where clients are also known by the documents at their ids, on these terms.
    pub(crate) fn describing(self, terms: Terms) -> Self {
        Self {
            described: Some(terms),
            ..self
        }
    }

    fn ways(&self) -> Option<&Ways> {
        let made = self.ways.get_or_init(|| {
            let made = HttpTransport::new(self.egress.clone());
            let failed = |error| tracing::error!(%error, "nothing can be fetched");
            let direct = made.map_err(failed).ok()?.named_by(&[]);
            Some(Ways::over(Arc::new(direct), &self.clock))
        });
        made.as_ref()
    }

    /// What a client's document says, and whether that was known before.
    async fn metadata(&self, client_id: &ClientId, wanted: Wanted) -> (Found, bool) {
        let Some(ways) = self.ways() else {
            return (Err(DocumentFault::Unreachable), false);
        };
        let document = Document {
            url: client_id.to_string(),
            kind: DocumentKind::ClientMetadata,
        };
        let control = match wanted {
            Wanted::Kept => None,
            Wanted::Fresh => Some("no-cache"),
        };
        match get(&ways.kept, &document, control).await {
            Ok(answer) => (take(document.kind, &answer), is_old(answer.headers())),
            Err(fault) => (Err(fault), false),
        }
    }
}

#[async_trait]
impl Outside for Network {
    async fn keys(&self, uri: &str, kid: Option<&str>) -> Option<Arc<KeySet>> {
        let url = Url::parse(uri).ok()?;
        let transport = &*self.ways()?.direct;
        let found = self.keys.keys(&url, kid, transport, &*self.clock).await;
        found
            .map_err(|error| tracing::warn!(%error, "a client's keys cannot be fetched"))
            .ok()
    }

    fn secret(&self, client_id: &ClientId, sealed: &str) -> Option<Secret> {
        let opened = secrets::open(&self.master, client_id, sealed);
        let failed = |error| tracing::error!(%client_id, %error, "a client's secret does not open");
        opened.map_err(failed).ok()
    }

    async fn document(&self, document: &Document) -> Found {
        let ways = self.ways().ok_or(DocumentFault::Unreachable)?;
        let answer = get(&*ways.direct, document, None).await?;
        take(document.kind, &answer)
    }

    /// A document that will not do is not kept (§5.2 of the draft): whoever has mended theirs need not wait.
    async fn described(&self, client_id: &ClientId) -> Result<Option<Client>, OAuthError> {
        let Some(terms) = &self.described else {
            return Ok(None);
        };
        let (found, old) = self.metadata(client_id, Wanted::Kept).await;
        let described = describe(client_id, found.as_deref().map_err(|fault| *fault), terms);
        let described = match described {
            Err(error) if old && error.code() == ErrorCode::InvalidClient => {
                let (found, _) = self.metadata(client_id, Wanted::Fresh).await;
                describe(client_id, found.as_deref().map_err(|fault| *fault), terms)
            }
            described => described,
        };
        described.map(Some)
    }
}

type Answer = http::Response<Vec<u8>>;

async fn get(
    transport: &dyn Transport,
    document: &Document,
    control: Option<&'static str>,
) -> Result<Answer, DocumentFault> {
    let mut request = http::Request::get(&document.url).header(ACCEPT, document.kind.accept());
    if let Some(control) = control {
        request = request.header(CACHE_CONTROL, control);
    }
    let request = request.body(Vec::new());
    let request = request.map_err(|_| DocumentFault::Unreachable)?;
    transport.send(request).await.map_err(|error| {
        tracing::info!(%error, kind = ?document.kind, "a client's document cannot be fetched");
        DocumentFault::Unreachable
    })
}

fn take(kind: DocumentKind, answer: &Answer) -> Found {
    let media_type = answer.headers().get(CONTENT_TYPE);
    // One that is no text is another.
    let media_type = media_type.map(|value| value.to_str().unwrap_or_default());
    kind.take(answer.status().as_u16(), media_type, answer.body())
}

/// Whether an answer is a copy from before (RFC 9111 §5.1).
fn is_old(headers: &HeaderMap) -> bool {
    headers.get(AGE).is_some_and(|age| age != "0")
}

#[cfg(test)]
mod tests;
