use std::time::Duration;

use gatepass_http::{Body, Resource};
use gatepass_proto::flow::Unreachable;
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{Content, Error, Form, Response, Session, exchange};

/// A request in the making. What is wrong with it is said when it is sent.
#[derive(Debug)]
#[must_use = "nothing happens until it is sent"]
pub struct RequestBuilder {
    session: Session,
    method: Method,
    url: Result<Url, Error>,
    headers: HeaderMap,
    payload: Payload,
    timeout: Option<Duration>,
}

/// What is sent, before it is read.
#[derive(Debug)]
enum Payload {
    Body(Body),
    Content(Content),
    Form(Form),
}

impl RequestBuilder {
    pub(crate) fn new(session: Session, method: Method, url: &str) -> Self {
        let url = url
            .parse()
            .map_err(|error| Error::Setup(format!("not an absolute URL ({error})")));
        Self {
            session,
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Body(Body::empty()),
            timeout: None,
        }
    }

    /// Adds parameters to the query.
    pub fn query<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        if let Ok(url) = &mut self.url {
            let mut pairs = pairs.into_iter().peekable();
            if pairs.peek().is_some() {
                url.query_pairs_mut().extend_pairs(pairs);
            }
        }
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes());
        match (name, HeaderValue::from_str(value.as_ref())) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (name, _) => {
                let what = if name.is_ok() { "value" } else { "name" };
                self.url = self.url.and(Err(Error::Setup(format!(
                    "a header {what} has characters that are not allowed"
                ))));
            }
        }
        self
    }

    /// Sets these headers, each in place of any of its name.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        for name in headers.keys() {
            self.headers.remove(name);
        }
        self.headers.extend(headers);
        self
    }

    /// How long all may take: a renewal of the token, what mends a refusal, and reading the answer to its end. Without
    /// it the server may take as long as it goes on answering ([`Egress::idle_timeout`](crate::Egress::idle_timeout)).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sends a JSON body.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body(bytes).typed("application/json"),
            Err(error) => {
                self.url = self.url.and(Err(Error::Setup(format!(
                    "the body cannot be written as JSON ({error})"
                ))));
                self
            }
        }
    }

    /// Sends a form body (`application/x-www-form-urlencoded`).
    pub fn form<N: Into<String>, V: Into<String>>(
        self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut params = gatepass_proto::Params::new();
        for (name, value) in pairs {
            params.push(name, value);
        }
        self.body(params.to_form())
            .typed("application/x-www-form-urlencoded")
    }

    /// Sends a multipart form.
    pub fn multipart(mut self, form: Form) -> Self {
        self.payload = Payload::Form(form);
        self
    }

    /// Sends this body. A stream cannot be repeated after a 401.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.payload = Payload::Body(body.into());
        self
    }

    /// Sends a file, or what is read as it comes, with its length where that is known.
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.payload = Payload::Content(content.into());
        self
    }

    /// Sends it; see [`Session::send`].
    ///
    /// # Errors
    ///
    /// As [`Session::send`], and [`Error::Setup`] for what was wrong in the making.
    pub async fn send(self) -> Result<Response, Error> {
        let url = self.url?;
        let (body, described) = self.payload.read().await?;
        let mut headers = self.headers;
        headers.extend(described);
        let end = self
            .timeout
            .and_then(|limit| Instant::now().checked_add(limit));
        let late = end.map(|end| (end, late(&url)));
        let request = Resource {
            method: self.method,
            url,
            headers,
            body,
            within: std::sync::Arc::default(),
        };
        let sending = exchange::run(self.session, request);
        let Some((end, late)) = late else {
            return sending.await;
        };
        match timeout_at(end, sending).await {
            Ok(answer) => Ok(answer?.until(end)),
            Err(_) => Err(Error::Resource(late.into())),
        }
    }

    fn typed(mut self, kind: &'static str) -> Self {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(kind));
        self
    }
}

impl Payload {
    /// The body, and the headers that speak of it. What is small is read from its files here.
    async fn read(self) -> Result<(Body, HeaderMap), Error> {
        if let Self::Body(body) = self {
            return Ok((body, HeaderMap::new()));
        }
        let reading = move || match self {
            Self::Body(body) => Ok::<_, Error>((body, None, None)),
            Self::Content(content) => {
                let length = content.len();
                let body = content.into_body();
                Ok((
                    body.map_err(|error| Error::Setup(error.to_string()))?,
                    length,
                    None,
                ))
            }
            Self::Form(form) => {
                let written = form.write()?;
                Ok((written.body, written.length, Some(written.kind)))
            }
        };
        let read = tokio::task::spawn_blocking(reading).await;
        let (body, length, kind) = read.map_err(|crashed| Error::Setup(crashed.to_string()))??;
        let mut headers = HeaderMap::new();
        // Bytes tell their length themselves.
        if let Some(length) = length.filter(|_| body.try_clone().is_none()) {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, kind);
        }
        Ok((body, headers))
    }
}

fn late(url: &Url) -> Unreachable {
    Unreachable {
        reason: format!("{}: timed out", url.origin().ascii_serialization()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Credential, SecretRef, Session};

    /// A future is moved and cleared with every request, so what is rare must not be in it.
    #[test]
    fn a_request_under_way_is_small() {
        let token = SecretRef::given("x");
        let session = Session::builder(Credential::Bearer { token }).api("https://api.example");
        let session = session.build().expect("a session");
        let sending = session.get("https://api.example/").send();
        let size = size_of_val(&sending);
        assert!(size < 4096, "{size} bytes");
    }
}
