use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use gatepass_http::Body;
use http::{HeaderMap, StatusCode, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::runtime::{may_wait, wait};
use crate::{Advice, Content, Error, Form};

/// A request in the making. What is wrong with it is said when it is sent.
#[derive(Debug)]
#[must_use = "nothing happens until it is sent"]
pub struct RequestBuilder(crate::RequestBuilder);

impl RequestBuilder {
    pub(super) fn new(inner: crate::RequestBuilder) -> Self {
        Self(inner)
    }

    /// Adds parameters to the query.
    pub fn query<N: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(self.0.query(pairs))
    }

    /// Sets a header.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sets these headers, each in place of any of its name.
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self(self.0.headers(headers))
    }

    /// How long all may take; see [`crate::RequestBuilder::timeout`].
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }

    /// Sends a JSON body.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        Self(self.0.json(value))
    }

    /// Sends a form body (`application/x-www-form-urlencoded`).
    pub fn form<N: Into<String>, V: Into<String>>(
        self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(self.0.form(pairs))
    }

    /// Sends a multipart form; [`Part::open`](crate::Part::open) makes a part of a file.
    pub fn multipart(self, form: Form) -> Self {
        Self(self.0.multipart(form))
    }

    /// Sends this body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends a file ([`Content::open`]), or what is read as it comes.
    pub fn content(self, content: impl Into<Content>) -> Self {
        Self(self.0.content(content))
    }

    /// Sends it and waits for the head of the answer; see [`crate::Session::send`].
    ///
    /// # Errors
    ///
    /// As [`crate::RequestBuilder::send`].
    pub fn send(self) -> Result<Response, Error> {
        wait(self.0.send())?.map(Response::new)
    }
}

/// An answer whose body is still on its way: read it with [`std::io::Read`], or as a whole.
#[derive(Debug)]
pub struct Response {
    answer: crate::Response,
    /// What has come of the body and is not read yet.
    come: Bytes,
}

impl Response {
    pub(super) fn new(answer: crate::Response) -> Self {
        Self {
            answer,
            come: Bytes::new(),
        }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// The version of HTTP that it came by.
    pub fn version(&self) -> Version {
        self.answer.version()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The URL that answered, after redirects.
    pub fn url(&self) -> &Url {
        self.answer.url()
    }

    /// What would help, where the resource refused and said why.
    pub fn advice(&self) -> Option<&Advice> {
        self.answer.advice()
    }

    /// How many bytes the body has, where the server says so.
    pub fn content_length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The answer itself, unless its status is 400 or more.
    ///
    /// # Errors
    ///
    /// [`Error::Status`].
    pub fn error_for_status(mut self) -> Result<Self, Error> {
        self.answer = self.answer.error_for_status()?;
        Ok(self)
    }

    /// The whole body, up to 64 MiB, from where it has been read to.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::bytes`].
    pub fn bytes(self) -> Result<Bytes, Error> {
        let rest = wait(self.answer.bytes())??;
        if self.come.is_empty() {
            return Ok(rest);
        }
        Ok([self.come, rest].concat().into())
    }

    /// The whole body as text; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`].
    pub fn text(self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// The body read as JSON.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::json`].
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        crate::response::read_json(&self.bytes()?)
    }

    /// Writes the body as it comes; how many bytes that were.
    ///
    /// # Errors
    ///
    /// The connection breaks, or the writer fails.
    pub fn copy_to(mut self, writer: &mut (impl Write + ?Sized)) -> io::Result<u64> {
        io::copy(&mut self, writer)
    }

    fn next(&mut self) -> io::Result<Option<Bytes>> {
        // A call that is refused loses nothing of the body.
        may_wait().map_err(io::Error::other)?;
        let mut body = std::mem::take(self.answer.body_mut());
        let (chunk, body) =
            wait(async move { (body.chunk().await, body) }).map_err(io::Error::other)?;
        *self.answer.body_mut() = body;
        chunk
    }
}

impl Read for Response {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.come.is_empty() && !out.is_empty() {
            match self.next()? {
                Some(chunk) => self.come = chunk,
                None => return Ok(0),
            }
        }
        (&mut self.come).reader().read(out)
    }
}
