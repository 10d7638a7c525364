use gatepass_http::{AnsweredBy, Body};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Advice, Error, Session};

/// The largest answer that is read as a whole, in bytes.
const MAX_WHOLE: usize = 64 * 1024 * 1024;

/// A request in the making. What is wrong with it is said when it is sent.
#[derive(Debug)]
#[must_use = "nothing happens until it is sent"]
pub struct RequestBuilder {
    session: Session,
    method: Method,
    url: Result<Url, Error>,
    headers: HeaderMap,
    body: Body,
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
            body: Body::empty(),
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

    /// Sends this body. A stream cannot be repeated after a 401.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it; see [`Session::send`].
    ///
    /// # Errors
    ///
    /// As [`Session::send`], and [`Error::Setup`] for what was wrong in the making.
    pub async fn send(self) -> Result<Response, Error> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.url?.as_str())
            .body(self.body)
            .map_err(|error| Error::Setup(error.to_string()))?;
        *request.headers_mut() = self.headers;
        request
            .headers_mut()
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        self.session.send(request).await
    }

    fn typed(mut self, kind: &'static str) -> Self {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(kind));
        self
    }
}

/// An answer whose body is still on its way.
#[derive(Debug)]
pub struct Response(http::Response<Body>, Option<Advice>);

impl Response {
    pub(crate) fn new(answer: http::Response<Body>, advice: Option<Advice>) -> Self {
        Self(answer, advice)
    }

    /// What would help, where the resource refused and said why: more scope, or a better login.
    pub fn advice(&self) -> Option<&Advice> {
        self.1.as_ref()
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The URL that answered, after redirects.
    pub fn url(&self) -> Option<&Url> {
        self.0.extensions().get::<AnsweredBy>().map(|by| &by.0)
    }

    /// The next piece of the body; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Answer`] when the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        self.0.body_mut().chunk().await.map_err(broken)
    }

    /// The whole body, up to 64 MiB.
    ///
    /// # Errors
    ///
    /// [`Error::Answer`] when the connection breaks or the body is larger.
    pub async fn bytes(self) -> Result<bytes::Bytes, Error> {
        self.0.into_body().collect(MAX_WHOLE).await.map_err(broken)
    }

    /// The whole body as text; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`].
    pub async fn text(self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// The body read as JSON.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`], and when it is not JSON of that shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes().await?).map_err(|error| {
            Error::Answer(format!(
                "not the JSON that was expected, line {} column {}",
                error.line(),
                error.column()
            ))
        })
    }

    /// The answer as the `http` crate has it.
    pub fn into_inner(self) -> http::Response<Body> {
        self.0
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: std::io::Error) -> Error {
    Error::Answer(error.to_string())
}
