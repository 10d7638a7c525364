//! Requests of programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_http::{Egress, HttpTransport, Transport as _};
use gatepass_proto::Params;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request};
use serde_json::Value;

use crate::admin::{Client, REDIRECT_URI};
use crate::person::VERIFIER;

/// Somebody who asks; a clone is the same.
#[derive(Clone)]
pub(crate) struct Caller(HttpTransport);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where it is no JSON.
    pub(crate) body: Value,
}

impl Caller {
    pub(crate) fn new() -> Self {
        Self(HttpTransport::new(Egress::default()).expect("the usual rules"))
    }

    /// Posts a form on a client's behalf; `None` when nobody answers.
    pub(crate) async fn post(
        &self,
        url: &str,
        client: &Client,
        form: &[(&str, &str)],
    ) -> Option<Answer> {
        let mut params = Params::new();
        for (name, value) in form {
            params.push(*name, *value);
        }
        let basic = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        let request = Request::post(url)
            .header(AUTHORIZATION, format!("Basic {basic}"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(params.to_form().into_bytes());
        self.send(request.expect("a request")).await
    }

    /// Gets a page, with a token or without.
    pub(crate) async fn get(&self, url: &str, token: Option<&str>) -> Option<Answer> {
        let mut request = Request::get(url);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Vec::new()).expect("a request"))
            .await
    }

    /// Registers a client (RFC 7591 §3.1).
    pub(crate) async fn register(&self, url: &str, metadata: &Value) -> Answer {
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(metadata.to_string().into_bytes());
        let answer = self.send(request.expect("a request")).await;
        answer.expect("an answer")
    }

    /// Ends a client's registration (RFC 7592 §2.3).
    pub(crate) async fn delete(&self, url: &str, token: &str) -> Option<Answer> {
        let request = Request::delete(url).header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Vec::new()).expect("a request"))
            .await
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Option<Answer> {
        let (parts, body) = self.0.send(request).await.ok()?.into_parts();
        Some(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }
}

impl Answer {
    /// A member of its body; empty when it has none.
    pub(crate) fn text(&self, member: &str) -> &str {
        let text = self.body.get(member).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// The node that nginx asked.
    pub(crate) fn node(&self) -> String {
        let node = self.headers.get("x-node").expect("nginx names it");
        node.to_str().expect("text").to_owned()
    }

    /// Whether it says as it should that it cannot answer now: in the standard's words, and when to come again.
    pub(crate) fn is_clean_503(&self) -> bool {
        self.status == 503
            && self.headers.contains_key(RETRY_AFTER)
            && self.text("error") == "temporarily_unavailable"
    }
}

/// The form that redeems a code.
pub(crate) fn redemption(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

/// The form that refreshes a token.
pub(crate) fn refreshment(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}
