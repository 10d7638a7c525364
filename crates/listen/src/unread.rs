//! What is left of a request's body when its answer is there.
//!
//! A refusal mostly comes before the body. An HTTP/1 connection cannot go on before the body has ended, so hyper ends the
//! connection, and says so to nobody: the client's next request on it is lost. Here the rest of a body is read and thrown
//! away when it is short, and otherwise the answer says that the connection ends (RFC 9112 §9.6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Version};
use hyper::body::{Frame, SizeHint};

/// The most that is thrown away, in bytes.
const SHORT: usize = 64 * 1024;
/// How long its coming may take.
const SOON: Duration = Duration::from_secs(1);

/// Answers a request, after which its connection can go on or is said to end.
pub(crate) async fn settled(request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Whoever waits to be told to go on with the body (RFC 9110 §10.1.1) is not told to when nobody wants it.
    let may_come = !request.headers().contains_key(EXPECT);
    let left = Arc::default();
    let request = request.map(|body| {
        Body::new(Lent {
            body: Some(body),
            left: Arc::clone(&left),
        })
    });
    let mut response = next.run(request).await;
    let rest = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest
        && !(may_come && thrown_away(rest).await)
    {
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether that was all.
async fn thrown_away(rest: Body) -> bool {
    let reading = async {
        let mut pieces = rest.into_data_stream();
        let mut read = 0;
        while let Some(piece) = pieces.next().await {
            read += piece?.len();
            if read > SHORT {
                return Ok(false);
            }
        }
        Ok::<_, axum::Error>(true)
    };
    matches!(tokio::time::timeout(SOON, reading).await, Ok(Ok(true)))
}

/// A body that is given back when it is dropped before its end.
struct Lent {
    body: Option<Body>,
    left: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(HttpBody::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use crate::{Door, Seal, bind, serve};

    /// A server that says no before it has read anything; it also echoes.
    async fn connected() -> TcpStream {
        let (listener, address) = bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let router = Router::new()
            .route("/no", post(|| async { StatusCode::UNAUTHORIZED }))
            .route("/echo", post(|body: Body| async { body }));
        let door = Door {
            listener,
            router,
            seal: Seal::None,
        };
        tokio::spawn(serve([door], std::future::pending()));
        TcpStream::connect(address).await.expect("connected")
    }

    async fn send(stream: &mut TcpStream, path: &str, more: &str, length: usize, body: &[u8]) {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: here\r\n{more}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        // The head is answered before there is a body.
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(body).await.expect("sent");
    }

    /// The head of an answer.
    async fn head(stream: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
        String::from_utf8(head).expect("text").to_ascii_lowercase()
    }

    #[tokio::test]
    async fn after_a_refusal_the_connection_goes_on() {
        let mut stream = connected().await;
        for _ in 0..3 {
            send(&mut stream, "/no", "", 10_000, &[b'x'; 10_000]).await;
            let head = head(&mut stream).await;
            assert!(head.starts_with("http/1.1 401"), "{head}");
            assert!(!head.contains("connection: close"), "{head}");
        }
        send(&mut stream, "/echo", "", 3, b"abc").await;
        assert!(head(&mut stream).await.starts_with("http/1.1 200"));
        let mut body = [0; 3];
        stream.read_exact(&mut body).await.expect("a body");
        assert_eq!(&body, b"abc");
    }

    #[tokio::test]
    async fn a_body_that_is_long_or_does_not_come_ends_it_by_the_book() {
        for (more, length, body) in [
            ("", 1_000_000, 100_000),
            ("", 10, 5),
            ("Expect: 100-continue\r\n", 10, 0),
        ] {
            let mut stream = connected().await;
            send(&mut stream, "/no", more, length, &vec![b'x'; body]).await;
            let head = head(&mut stream).await;
            assert!(head.starts_with("http/1.1 401"), "{head}");
            assert!(head.contains("connection: close"), "{length}: {head}");
        }
    }
}
