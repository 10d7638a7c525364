//! A browser in small: cookies by origin, redirects, and a person who fills in the forms that they meet.

use std::collections::BTreeMap;

use gatepass_http::{Egress, HttpTransport, Transport as _};
use gatepass_proto::Params;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderValue, Method, Request, StatusCode};
use serde_json::Value;
use url::Url;

/// The most pages and redirects of one visit.
const MOST: usize = 12;

#[derive(Clone)]
pub(crate) struct Browser {
    transport: HttpTransport,
    jars: BTreeMap<String, BTreeMap<String, String>>,
    typed: Vec<(String, String)>,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> Url {
        assert!(self.status.is_redirection(), "{self:?}");
        let location = self.headers[LOCATION].to_str().expect("text");
        self.url.join(location).expect("a URL")
    }

    /// A parameter of the place where it sends the browser.
    pub(crate) fn asks(&self, name: &str) -> Option<String> {
        asked(&self.location(), name)
    }

    /// What the service says of who asks.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        let set = self.headers.get_all(SET_COOKIE).iter();
        set.map(|line| line.to_str().expect("text")).collect()
    }
}

/// A parameter of a URL's query.
pub(crate) fn asked(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.into_owned())
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self {
            transport: HttpTransport::new(Egress::default()).expect("the usual rules"),
            jars: BTreeMap::new(),
            typed: vec![("decision".to_owned(), "allow".to_owned())],
        }
    }

    /// What the person types where they are asked.
    pub(crate) fn typing(mut self, field: &str, text: &str) -> Self {
        self.typed.push((field.to_owned(), text.to_owned()));
        self
    }

    /// Opens a page, and does what it asks up to the end.
    pub(crate) async fn visit(&mut self, url: &Url) -> Answer {
        let mut answer = self.open(url).await;
        for _ in 0..MOST {
            answer = if answer.status.is_redirection() {
                let next = answer.location();
                self.open(&next).await
            } else if answer.body.contains("<form") {
                self.submit(&answer).await
            } else {
                return answer;
            };
        }
        panic!("more than {MOST} pages: {answer:?}");
    }

    /// Opens a page as a browser does that is told to.
    pub(crate) async fn open(&mut self, url: &Url) -> Answer {
        let headers = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
        self.send(Method::GET, url, &headers, None).await
    }

    /// Follows one redirect.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        self.open(&answer.location()).await
    }

    /// Sends the one form of a page as the person fills it in.
    pub(crate) async fn submit(&mut self, page: &Answer) -> Answer {
        let form = page.body.split("<form").nth(1).expect("a form");
        let mut params = Params::new();
        for field in form.split("<input").skip(1) {
            let name = attribute(field, "name");
            let typed = self.typed.iter().find(|(own, _)| *own == name);
            let value = typed.map_or_else(|| attribute(field, "value"), |(_, text)| text.clone());
            params.push(name, value);
        }
        if form.contains("name=\"decision\"") {
            params.push("decision", "allow");
        }
        let url = page.url.join(&attribute(form, "action")).expect("a URL");
        self.post(&url, &page.url, &params).await
    }

    /// Posts a form from a page.
    pub(crate) async fn post(&mut self, url: &Url, from: &Url, form: &Params) -> Answer {
        let origin = from.origin().ascii_serialization();
        let headers = [
            (ACCEPT.as_str(), "text/html"),
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
            (ORIGIN.as_str(), origin.as_str()),
        ];
        self.send(Method::POST, url, &headers, Some(form.to_form()))
            .await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request
            .body(body.unwrap_or_default().into_bytes())
            .expect("a request");
        let cookies = self.cookies(url);
        if !cookies.is_empty() {
            let cookies = HeaderValue::from_str(&cookies).expect("a header");
            request.headers_mut().insert(COOKIE, cookies);
        }
        let (parts, body) = self
            .transport
            .send(request)
            .await
            .expect("an answer")
            .into_parts();
        let answer = Answer {
            url: url.clone(),
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        self.keep(&answer);
        answer
    }

    /// The cookies of an origin, as they are sent.
    pub(crate) fn cookies(&self, url: &Url) -> String {
        let jar = self.jars.get(&url.origin().ascii_serialization());
        let pairs = jar
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The jar of an origin, to look into and to meddle with.
    pub(crate) fn jar(&mut self, url: &Url) -> &mut BTreeMap<String, String> {
        self.jars
            .entry(url.origin().ascii_serialization())
            .or_default()
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.cookies() {
            let (pair, attributes) = line.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a cookie");
            let jar = self.jar(&answer.url);
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let tag = tag.split('>').next().expect("a tag");
    let value = tag.split(&format!(" {name}=\"")).nth(1);
    let value = value
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    value
        .replace("&amp;", "&")
        .replace("&#38;", "&")
        .replace("&quot;", "\"")
}
