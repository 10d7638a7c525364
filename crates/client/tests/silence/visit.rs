//! All that a session can do, and what it shows of itself meanwhile.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatepass_client::tokens::{MemoryTokens, TokenKey, TokenStore};
use gatepass_client::{Credential, Error, Form, LoginOptions, Session};
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer as _, ServiceExt as _};

use crate::agent::{Agent, Reader};
use crate::hasty::Hasty;
use crate::provider::Provider;

pub(crate) struct Visit {
    provider: Provider,
    session: Session,
    store: Arc<dyn TokenStore>,
    options: LoginOptions,
    /// Where the API takes the credential.
    url: String,
    shown: String,
    failures: Vec<String>,
}

impl Visit {
    /// `patience` is for whoever is at the login page: a page that is broken never sends the browser back.
    pub(crate) fn new(provider: &Provider, credential: Credential, patience: Duration) -> Self {
        let path = match credential {
            Credential::Digest { .. } => "/digest",
            Credential::ApiKey(_) | Credential::Bearer { .. } => "/key",
            _ => "/api",
        };
        let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
        let (_, options) = Agent::options();
        let options = LoginOptions {
            patience,
            ..options
        };
        let builder = provider
            .session(credential)
            .tokens(store.clone(), key())
            .clock(Arc::new(Hasty::default()))
            .person(Arc::new(Reader), options.clone());
        let mut visit = Self {
            provider: provider.clone(),
            url: provider.url(path),
            shown: format!("{builder:?}"),
            session: builder.build().unwrap(),
            store,
            options,
            failures: Vec::new(),
        };
        visit.show(&visit.session.clone());
        visit
    }

    /// What was shown, by `Debug` and `Display`.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What went wrong.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    pub(crate) async fn everything(&mut self) {
        self.login().await;
        self.requests().await;
        self.questions().await;
        self.farewell().await;
    }

    pub(crate) async fn login(&mut self) {
        let outcome = self.session.login(&Reader, &self.options).await;
        self.take(outcome);
        let stored = self.store.load(&key()).await.unwrap();
        if let Some(own) = stored.as_ref().and_then(|token| token.dpop_key.as_ref()) {
            let jwk: serde_json::Value = serde_json::from_str(own.expose()).unwrap();
            let private = jwk["d"].as_str().unwrap().to_owned();
            self.provider.desk().secrets.insert(private);
        }
        self.show(&stored);
        let status = self.session.status().await;
        self.take(status);
    }

    /// By the session, by its headers, by the layer.
    pub(crate) async fn requests(&mut self) {
        let form = Form::new().text("a", "b");
        let request = self.session.post(&self.url).multipart(form);
        self.show(&request);
        let answer = request.send().await;
        let refused = answer.map(|own| own.error_for_status());
        self.take(refused);
        let url = self.url.parse().unwrap();
        let attachment = self.session.attachment_for(&Method::GET, &url).await;
        self.take(attachment);
        let headers = self.session.headers_for(&Method::GET, &url).await;
        if let Ok(headers) = &headers {
            self.show(headers);
        }
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let service = self.session.layer().repeating().layer(client);
        self.show(&service);
        let request = Request::post(&self.url).body(Full::from("x")).unwrap();
        match service.oneshot(request).await {
            Ok(answer) => self.show(&answer),
            Err(error) => self.fail(&error),
        }
        let elsewhere = self.session.get("https://elsewhere.example/").send().await;
        self.show(&elsewhere);
    }

    /// What the server is asked beside tokens.
    pub(crate) async fn questions(&mut self) {
        if self.session.credential().makes_tokens() {
            let token = self.session.token(Duration::ZERO).await;
            self.take(token);
            let refreshed = self.session.refresh().await;
            self.take(refreshed);
        }
        if matches!(self.session.credential(), Credential::OAuth(_)) {
            let userinfo = self.session.userinfo().await;
            self.take(userinfo);
            let introspected = self.session.introspect(None).await;
            self.take(introspected);
            let registration = self.session.registration().await;
            self.take(registration);
        }
    }

    pub(crate) async fn farewell(&mut self) {
        let outcome = self.session.logout().await;
        self.take(outcome);
        let outcome = self.session.unregister().await;
        self.take(outcome);
    }

    fn take<T: Debug>(&mut self, outcome: Result<T, Error>) {
        match outcome {
            Ok(value) => self.show(&value),
            Err(error) => {
                self.show(&error);
                self.fail(&error);
            }
        }
    }

    fn fail(&mut self, error: &(impl Debug + std::fmt::Display)) {
        self.show(error);
        self.failures.push(error.to_string());
        writeln!(self.shown, "{error}").unwrap();
    }

    fn show(&mut self, value: &impl Debug) {
        writeln!(self.shown, "{value:?} {value:#?}").unwrap();
    }
}

fn key() -> TokenKey {
    TokenKey::new("work").unwrap()
}
