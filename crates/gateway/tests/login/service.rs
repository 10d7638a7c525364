//! A service behind the login: it says who asks, and what came of the request.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use gatepass_client::SecretRef;
use gatepass_gateway::login::{Allow, BrowserLogin, LoginSettings, StepUp, Visit, Visitor};
use gatepass_guard::{Identity, Scheme};
use gatepass_http::{Egress, HttpTransport};
use http::header::{CONTENT_TYPE, COOKIE};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::clock::LaterClock;

/// Asks for a login of this kind.
pub(crate) const STRONG: &str = "/strong";

pub(crate) struct Service {
    pub(crate) origin: Url,
    pub(crate) clock: Arc<LaterClock>,
    site: Arc<Site>,
    running: Option<JoinHandle<()>>,
}

struct Site {
    login: RwLock<Arc<BrowserLogin>>,
    /// The bodies of what came by the back channel.
    heard: Mutex<Vec<String>>,
}

/// A place for a service, before there is one.
pub(crate) struct Place {
    listener: TcpListener,
    pub(crate) origin: Url,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let origin = format!("http://{address}/").parse().expect("a URL");
        Self { listener, origin }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        self.origin.join(path).expect("a URL").to_string()
    }

    /// Where to serve another service than the usual one.
    pub(crate) fn into_listener(self) -> TcpListener {
        self.listener
    }

    pub(crate) async fn serve(self, settings: LoginSettings) -> Service {
        let clock = Arc::new(LaterClock::default());
        let login = login(settings, &self.origin, clock.clone()).await;
        let site = Arc::new(Site {
            login: RwLock::new(Arc::new(login)),
            heard: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(site.clone());
        let running = tokio::spawn(async move {
            axum::serve(self.listener, router).await.expect("served");
        });
        Service {
            origin: self.origin,
            clock,
            site,
            running: Some(running),
        }
    }
}

async fn login(settings: LoginSettings, origin: &Url, clock: Arc<LaterClock>) -> BrowserLogin {
    let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
    let made = BrowserLogin::new(settings, origin, Arc::new(transport), clock).await;
    made.expect("a login")
}

impl Service {
    pub(crate) fn at(&self, path: &str) -> Url {
        self.origin.join(path).expect("a URL")
    }

    pub(crate) fn login(&self) -> Arc<BrowserLogin> {
        self.site.login.read().expect("not poisoned").clone()
    }

    pub(crate) fn settings(&self) -> LoginSettings {
        self.login().settings().clone()
    }

    /// The settings change while it runs.
    pub(crate) async fn reload(&self, settings: LoginSettings) {
        let new = self.login().renewed(settings).await.expect("good settings");
        *self.site.login.write().expect("not poisoned") = Arc::new(new);
    }

    /// As after a restart: nothing is remembered but what lies on disk.
    pub(crate) async fn restart(&self) {
        let settings = self.settings();
        let nobody = LoginSettings {
            key_file: None,
            ..settings.clone()
        };
        let old = Arc::downgrade(&self.login());
        self.reload(nobody).await;
        // An answer that is under way may hold it, and the key file with it.
        while old.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let new = login(settings, &self.origin, self.clock.clone()).await;
        *self.site.login.write().expect("not poisoned") = Arc::new(new);
    }

    /// What came by the back channel so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.site.heard.lock().expect("not poisoned").clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

pub(crate) fn given(secret: &str) -> Option<SecretRef> {
    Some(SecretRef::given(secret))
}

pub(crate) fn in_file(settings: LoginSettings, path: PathBuf) -> LoginSettings {
    LoginSettings {
        key_file: Some(path),
        ..settings
    }
}

/// Who may enter, as the file has it.
pub(crate) fn allow(value: Value) -> Allow {
    serde_json::from_value(value).expect("read")
}

async fn answer(State(site): State<Arc<Site>>, mut request: Request<Body>) -> Response<Body> {
    let login = site.login.read().expect("not poisoned").clone();
    let path = request.uri().path().to_owned();
    if login.handles(&path) {
        if path.ends_with("/backchannel_logout") {
            request = site.record(request).await;
        }
        return login.answer(request).await;
    }
    let visit = Visit::from(&request);
    match login.visitor(&visit) {
        Visitor::Known(_) if path == STRONG => {
            let strong = StepUp {
                acr_values: vec!["gold".to_owned()],
                max_age: Some(60),
            };
            login.begin(&visit, &strong).await
        }
        Visitor::Known(identity) => passed(&login, request, &identity),
        Visitor::CrossSite => login.turn_away(),
        Visitor::Stranger if !login.wants_login(&visit) => {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = StatusCode::UNAUTHORIZED;
            refused
        }
        Visitor::Due | Visitor::Stranger => login.begin(&visit, &StepUp::default()).await,
    }
}

fn passed(login: &BrowserLogin, mut request: Request<Body>, identity: &Identity) -> Response<Body> {
    login.strip(request.headers_mut());
    let Scheme::Login { claims } = &identity.scheme else {
        panic!("another scheme: {identity:?}");
    };
    let cookies = request.headers().get_all(COOKIE).iter();
    let cookies: Vec<_> = cookies.map(|line| line.to_str().expect("text")).collect();
    let body = json!({
        "target": request.uri().path_and_query().map(ToString::to_string),
        "subject": identity.subject,
        "issuer": identity.issuer,
        "scope": identity.scope,
        "acr": identity.acr,
        "claims": **claims,
        "cookies": cookies,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

impl Site {
    async fn record(&self, request: Request<Body>) -> Request<Body> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        let text = String::from_utf8_lossy(&body).into_owned();
        self.heard.lock().expect("not poisoned").push(text);
        Request::from_parts(parts, Body::from(body))
    }
}
