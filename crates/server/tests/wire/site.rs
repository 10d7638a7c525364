//! A web site of a client's own, on a real socket with TLS: what it publishes, and who came to read it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum_server::tls_rustls::RustlsConfig;
use gatepass_server::Config;
use http::header::{CONTENT_TYPE, LOCATION};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

/// The site; it ends with the test.
pub(crate) struct Site {
    address: SocketAddr,
    pages: Arc<Pages>,
    folder: TempDir,
}

#[derive(Default)]
struct Pages {
    known: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<String>>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    status: u16,
    media_type: &'static str,
    location: Option<String>,
    body: String,
}

impl Page {
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::of("application/json", value.to_string())
    }

    pub(crate) fn of(media_type: &'static str, body: impl Into<String>) -> Self {
        Self {
            status: 200,
            media_type,
            location: None,
            body: body.into(),
        }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one text in place of another.
    pub(crate) fn rewritten(self, from: &str, to: &str) -> Self {
        Self {
            body: self.body.replace(from, to),
            ..self
        }
    }

    /// A redirect.
    pub(crate) fn moved(to: &str) -> Self {
        Self {
            location: Some(to.to_owned()),
            ..Self::of("text/plain", "").status(302)
        }
    }
}

impl Site {
    pub(crate) async fn start() -> Self {
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).expect("names");
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(ca(folder.path()), &certificate).expect("written");
        let tls = RustlsConfig::from_pem(certificate.into(), key.serialize_pem().into());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let pages = Arc::<Pages>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&pages));
        let server = axum_server::from_tcp_rustls(listener, tls.await.expect("TLS"));
        let server = server.expect("a server");
        tokio::spawn(server.serve(router.into_make_service()));
        Self {
            address,
            pages,
            folder,
        }
    }

    /// Lets a server come here: to this machine, by this certificate.
    pub(crate) fn admit(&self, config: &mut Config) {
        config.outbound.allow_private_hosts = true;
        config.outbound.extra_ca = Some(ca(self.folder.path()));
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port())
    }

    /// Its host as people read it.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port())
    }

    pub(crate) fn put(&self, path: &str, page: Page) {
        let mut known = self.pages.known.lock().expect("not poisoned");
        known.insert(path.to_owned(), page);
    }

    /// How often this was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.pages.asked.lock().expect("not poisoned");
        asked.iter().filter(|own| *own == path).count()
    }

    /// How often anything was.
    pub(crate) fn visits(&self) -> usize {
        self.pages.asked.lock().expect("not poisoned").len()
    }
}

fn ca(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

async fn answer(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let path = request.uri().path_and_query();
    let path = path.map(ToString::to_string).unwrap_or_default();
    pages.asked.lock().expect("not poisoned").push(path.clone());
    let known = pages.known.lock().expect("not poisoned");
    let page = known.get(&path).cloned();
    let page = page.unwrap_or_else(|| Page::of("text/plain", "nothing here").status(404));
    let mut response = Response::builder()
        .status(page.status)
        .header(CONTENT_TYPE, page.media_type);
    if let Some(location) = page.location {
        response = response.header(LOCATION, location);
    }
    response.body(Body::from(page.body)).expect("an answer")
}
