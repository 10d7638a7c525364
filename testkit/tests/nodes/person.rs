//! A person with a browser, who logs in and allows everything. No two of its requests need meet the same node.

use std::collections::BTreeMap;

use gatepass_http::{Egress, HttpTransport, Transport as _};
use gatepass_proto::{Digest, Params};
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{Request, Response};
use url::Url;

use crate::admin::{Client, PASSWORD, REDIRECT_URI, SCOPE};

/// The verifier of every code (RFC 7636 §4.1).
pub(crate) const VERIFIER: &str = "a-verifier-that-is-no-secret-in-a-test-0123456789";
/// The most pages on the way to a code.
const PAGES: usize = 10;

pub(crate) struct Person {
    username: String,
    issuer: Url,
    transport: HttpTransport,
    cookies: BTreeMap<String, String>,
}

impl Person {
    pub(crate) fn new(username: &str, issuer: &str) -> Self {
        Self {
            username: username.to_owned(),
            issuer: issuer.parse().expect("a URL"),
            transport: HttpTransport::new(Egress::default()).expect("the usual rules"),
            cookies: BTreeMap::new(),
        }
    }

    /// Lets the client have a code; `None` when a node cannot answer.
    pub(crate) async fn code(&mut self, client: &Client) -> Option<String> {
        let mut url = self.issuer.join("/oauth/authorize").expect("a URL");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("scope", SCOPE)
            .append_pair("code_challenge", &Digest::of(VERIFIER).to_base64url())
            .append_pair("code_challenge_method", "S256");
        let mut answer = self.get(&url).await;
        for _ in 0..PAGES {
            if answer.status().is_server_error() {
                let told = answer.headers().contains_key(RETRY_AFTER);
                assert!(told || answer.status() != 503, "{answer:?}");
                return None;
            }
            if let Some(target) = answer.headers().get(LOCATION) {
                let target = target.to_str().expect("text");
                url = self.issuer.join(target).expect("a URL");
                if let Some((_, code)) = url.query_pairs().find(|(name, _)| name == "code") {
                    return Some(code.into_owned());
                }
                answer = self.get(&url).await;
            } else {
                let page = String::from_utf8(answer.into_body()).expect("text");
                answer = self.fill(&page).await;
            }
        }
        panic!("no code after {PAGES} pages");
    }

    /// Sends the one form of a page.
    async fn fill(&mut self, page: &str) -> Response<Vec<u8>> {
        let (_, form) = page
            .split_once("<form")
            .unwrap_or_else(|| panic!("no form: {page}"));
        let mut params = Params::new();
        for field in form.split("<input").skip(1) {
            if field.contains("hidden") {
                params.push(attribute(field, "name"), attribute(field, "value"));
            }
        }
        let answers = [
            ("username", self.username.as_str()),
            ("password", PASSWORD),
            ("decision", "allow"),
        ];
        for (name, value) in answers {
            if form.contains(&format!(" name=\"{name}\"")) {
                params.push(name, value);
            }
        }
        let url = self.issuer.join(&attribute(form, "action"));
        let request = Request::post(url.expect("a URL").as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(params.to_form().into_bytes());
        self.send(request.expect("a request")).await
    }

    async fn get(&mut self, url: &Url) -> Response<Vec<u8>> {
        let request = Request::get(url.as_str()).body(Vec::new());
        self.send(request.expect("a request")).await
    }

    async fn send(&mut self, mut request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookie = pairs.join("; ").parse().expect("a header");
        request.headers_mut().insert(COOKIE, cookie);
        let answer = self.transport.send(request).await.expect("an answer");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next();
            let (name, value) = pair
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let after = tag.split(&format!(" {name}=\"")).nth(1);
    let value = after.expect("it is there").split('"').next();
    let value = value.unwrap_or_default();
    value.replace("&#38;", "&").replace("&amp;", "&")
}
