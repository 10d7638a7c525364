//! Plain HTTP, as programs speak it that know nothing of the client library, be they old, curious or wicked.

use std::sync::Arc;

use gatepass_http::{HttpTransport, Transport as _};
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::{Params, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Request};
use serde_json::Value;

use super::check::{Checked, there};

/// A request in the making.
pub(super) struct Plain {
    transport: Arc<HttpTransport>,
    request: http::request::Builder,
    body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// `WWW-Authenticate`.
    pub(super) challenges: Vec<Challenge>,
    /// Its JSON; null when it is none. It may hold secrets.
    json: Value,
}

impl Plain {
    /// A request to `url`.
    pub(super) fn new(transport: &Arc<HttpTransport>, method: Method, url: &str) -> Self {
        let request = Request::builder().method(method).uri(url);
        Self {
            transport: Arc::clone(transport),
            request,
            body: Vec::new(),
        }
    }

    /// With a form.
    pub(super) fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut params = Params::new();
        for (name, value) in pairs {
            params.push(*name, *value);
        }
        self.body = params.to_form().into_bytes();
        self.typed("application/x-www-form-urlencoded")
    }

    /// With a JSON object of texts.
    pub(super) fn json(mut self, pairs: &[(&str, &str)]) -> Self {
        let object = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()));
        self.body = Value::Object(object.collect()).to_string().into_bytes();
        self.typed("application/json")
    }

    /// With a token.
    pub(super) fn bearer(mut self, token: &Secret) -> Self {
        let header = Credentials::Bearer(token.clone()).to_header();
        self.request = self.request.header(AUTHORIZATION, header.expose());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// The network.
    pub(super) async fn send(self) -> Checked<Answer> {
        let answer = self.transport.send(self.request.body(self.body)?).await?;
        let texts = |name| {
            answer
                .headers()
                .get_all(name)
                .iter()
                .filter_map(|v| v.to_str().ok())
        };
        Ok(Answer {
            status: answer.status().as_u16(),
            retry_after: texts(RETRY_AFTER).next().map(str::to_owned),
            challenges: texts(WWW_AUTHENTICATE)
                .flat_map(Challenge::parse_list)
                .collect(),
            json: serde_json::from_slice(answer.body()).unwrap_or_default(),
        })
    }

    fn typed(mut self, kind: &'static str) -> Self {
        self.request = self.request.header(CONTENT_TYPE, kind);
        self
    }
}

impl Answer {
    /// A member of the JSON, as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name)?.as_str()
    }

    /// A member that is a secret.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub(super) fn secret(&self, name: &str) -> Checked<Secret> {
        Ok(Secret::new(there(
            &format!("{name} in the answer"),
            self.text(name),
        )?))
    }

    /// The `error` of the JSON.
    pub(super) fn error(&self) -> &str {
        self.text("error").unwrap_or("none")
    }

    /// A parameter of the challenge of this scheme.
    pub(super) fn challenge(&self, scheme: &str, param: &str) -> Option<&str> {
        self.challenges
            .iter()
            .find(|challenge| challenge.is(scheme))?
            .param(param)
    }
}
