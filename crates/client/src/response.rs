use std::fmt;
use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use gatepass_http::{AnsweredBy, Body};
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{StatusCode, Version};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{Advice, Error};

/// The largest answer that is read as a whole, in bytes.
const MAX_WHOLE: usize = 64 * 1024 * 1024;

/// An answer whose body is still on its way.
pub struct Response {
    by: Url,
    answer: http::Response<Body>,
    advice: Option<Advice>,
}

impl Response {
    pub(crate) fn new(by: Url, answer: http::Response<Body>, advice: Option<Advice>) -> Self {
        Self { by, answer, advice }
    }

    /// The answer to a request that a transport of ours sent without a session; `None`, where it does not say who gave it
    /// ([`AnsweredBy`]).
    pub fn from_inner(mut answer: http::Response<Body>) -> Option<Self> {
        let AnsweredBy(by) = answer.extensions_mut().remove()?;
        Some(Self::new(by, answer, None))
    }

    /// What would help, where the resource refused and said why: more scope, or a better login.
    pub fn advice(&self) -> Option<&Advice> {
        self.advice.as_ref()
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The version of HTTP that it came by.
    pub fn version(&self) -> Version {
        self.answer.version()
    }

    /// How many bytes the body has, where the server says so.
    pub fn content_length(&self) -> Option<u64> {
        self.headers()
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    /// The answer itself, unless its status is 400 or more.
    ///
    /// # Errors
    ///
    /// [`Error::Status`].
    pub fn error_for_status(self) -> Result<Self, Error> {
        let status = self.status();
        if !status.is_client_error() && !status.is_server_error() {
            return Ok(self);
        }
        Err(Error::Status {
            status,
            origin: self.by.origin().ascii_serialization(),
            advice: self.advice,
        })
    }

    /// The URL that answered, after redirects.
    pub fn url(&self) -> &Url {
        &self.by
    }

    /// The next piece of the body; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Answer`] when the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.answer.body_mut().chunk().await.map_err(broken)
    }

    /// The whole body, up to 64 MiB.
    ///
    /// # Errors
    ///
    /// [`Error::Answer`] when the connection breaks or the body is larger.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        self.answer
            .into_body()
            .collect(MAX_WHOLE)
            .await
            .map_err(broken)
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
        read_json(&self.bytes().await?)
    }

    /// The body piece by piece.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        self.answer.into_body().into_stream().map_err(broken)
    }

    /// Writes the body as it comes; how many bytes that were.
    ///
    /// # Errors
    ///
    /// The connection breaks, or the writer fails.
    pub async fn copy_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> io::Result<u64> {
        let mut written = 0;
        while let Some(chunk) = self.answer.body_mut().chunk().await? {
            writer.write_all(&chunk).await?;
            written += u64::try_from(chunk.len()).unwrap_or_default();
        }
        writer.flush().await?;
        Ok(written)
    }

    /// The rest of the body.
    #[cfg(feature = "blocking")]
    pub(crate) fn body_mut(&mut self) -> &mut Body {
        self.answer.body_mut()
    }

    /// The same, whose body has to have come by then.
    pub(crate) fn until(self, end: Instant) -> Self {
        let timely =
            |body| futures_util::stream::unfold(Some(body), move |body| next_until(body, end));
        let answer = self.answer.map(|body| Body::stream(timely(body)));
        Self { answer, ..self }
    }

    /// The answer as the `http` crate has it.
    pub fn into_inner(mut self) -> http::Response<Body> {
        self.answer.extensions_mut().insert(AnsweredBy(self.by));
        self.answer
    }
}

impl fmt::Debug for Response {
    /// Of the URL the origin alone: a key may stand in the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("origin", &self.by.origin().ascii_serialization())
            .field("answer", &self.answer)
            .field("advice", &self.advice)
            .finish()
    }
}

pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::Answer(format!(
            "not the JSON that was expected, line {} column {}",
            error.line(),
            error.column()
        ))
    })
}

/// The next piece, and the rest; an error is the last.
async fn next_until(body: Option<Body>, end: Instant) -> Option<(io::Result<Bytes>, Option<Body>)> {
    let mut body = body?;
    match timeout_at(end, body.chunk()).await {
        Ok(Ok(None)) => None,
        Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(body))),
        Ok(Err(error)) => Some((Err(error), None)),
        Err(_) => {
            let text = "it was not complete in time";
            Some((Err(io::Error::new(io::ErrorKind::TimedOut, text)), None))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: io::Error) -> Error {
    Error::Answer(error.to_string())
}
