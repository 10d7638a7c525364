//! A request's body, kept where that is cheap, so that it can be sent twice.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use bytes::Bytes;
use http::Request;
use http::header::EXPECT;

use crate::upstream::Fault;

/// A body.
pub(super) enum Held {
    /// All of it.
    Kept(Bytes),
    /// As it comes, and once.
    Streaming(Body),
}

impl Held {
    /// The request with its body kept, if that says it is no longer than `most`. Others are not waited for: their answer
    /// may begin before they end.
    ///
    /// # Errors
    ///
    /// The body breaks off, or does not come in time; zero is for ever.
    pub(super) async fn of(
        request: Request<Body>,
        most: usize,
        patience: Duration,
    ) -> Result<Request<Self>, Fault> {
        let (parts, body) = request.into_parts();
        let length = body.size_hint().upper();
        let short =
            length.is_some_and(|length| usize::try_from(length).is_ok_and(|own| own <= most));
        if !short || parts.headers.contains_key(EXPECT) {
            return Ok(Request::from_parts(parts, Self::Streaming(body)));
        }
        let reading = to_bytes(body, most);
        let read = match patience.is_zero() {
            true => reading.await,
            false => match tokio::time::timeout(patience, reading).await {
                Ok(read) => read,
                Err(_) => return Err(Fault::client_is_silent()),
            },
        };
        let body = read.map_err(|_| Fault::request("the request's body broke off"))?;
        Ok(Request::from_parts(parts, Self::Kept(body)))
    }

    /// The same once more, if it is there.
    pub(super) fn copy(&self) -> Option<Self> {
        match self {
            Self::Kept(body) => Some(Self::Kept(body.clone())),
            Self::Streaming(_) => None,
        }
    }

    /// To be sent.
    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Kept(body) if body.is_empty() => Body::empty(),
            Self::Kept(body) => Body::from(body),
            Self::Streaming(body) => body,
        }
    }
}
