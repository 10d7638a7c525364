//! What is meant for one connection only (RFC 9110 §7.6.1).

use http::header::{
    CONNECTION, CONTENT_LENGTH, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

/// Headers that are for one hop, whether `Connection` names them or not. `Transfer-Encoding` and `TE` are dealt with on
/// their own.
const KNOWN: [HeaderName; 6] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    UPGRADE,
];

/// A request that asks for a WebSocket (RFC 6455 §4.1).
///
/// No other protocol is passed on: what is said in it after the upgrade goes past every rule here. HTTP/2 would be one.
#[derive(Clone, Copy, Debug)]
pub(super) struct WebSocket;

/// Takes out of a request what was meant for this hop alone: `Connection`, every header it names, and those that are
/// known. That it asks for a WebSocket is remembered.
///
/// [`Upstream::forward`](super::Upstream::forward) begins with it. Who sets headers of its own calls it before: a client
/// may name those in `Connection`, to have them taken away on the way.
pub fn end_hop<B>(request: &mut Request<B>) {
    if asks_for_websocket(request) {
        request.extensions_mut().insert(WebSocket);
    }
    let headers = request.headers_mut();
    let trailers = tokens(headers, &TE).any(|token| token.eq_ignore_ascii_case("trailers"));
    headers.remove(TE);
    strip(headers);
    if trailers {
        // What gRPC asks for; it says nothing of this connection.
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// The same of an answer.
pub(super) fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = tokens(headers, &CONNECTION)
            .filter_map(|token| token.parse().ok())
            .filter(|name| *name != TRANSFER_ENCODING)
            .collect();
        for name in named {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in &KNOWN {
        headers.remove(name);
    }
    // Any other way to send a body stays, to be refused.
    if is_chunked(headers) && !headers.contains_key(CONTENT_LENGTH) {
        headers.remove(TRANSFER_ENCODING);
    }
}

/// Whether the body comes in chunks and in no other coding.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let first = codings.next();
    let chunked = first.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    chunked && codings.next().is_none()
}

fn asks_for_websocket<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    if !headers.contains_key(UPGRADE) {
        return false;
    }
    let says = |name, word: &str| tokens(headers, name).any(|own| own.eq_ignore_ascii_case(word));
    let alone = tokens(headers, &UPGRADE).count() == 1;
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && alone
        && says(&UPGRADE, "websocket")
        && says(&CONNECTION, "upgrade")
}

/// The elements of a header that is a list of words.
pub(super) fn tokens<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let words = lines.flat_map(|line| line.split(',')).map(str::trim);
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{WebSocket, end_hop};

    /// What is left of these headers, and whether they ask for a WebSocket.
    fn left(headers: &[(&str, &str)]) -> (Vec<String>, bool) {
        let mut request = Request::get("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a request");
        end_hop(&mut request);
        let mut left: Vec<String> = request.headers().keys().map(ToString::to_string).collect();
        left.sort();
        end_hop(&mut request);
        assert_eq!(
            left.len(),
            request.headers().keys().count(),
            "nothing changes twice"
        );
        (left, request.extensions().get::<WebSocket>().is_some())
    }

    #[test]
    fn what_is_for_this_hop_is_taken_away() {
        let known = [
            ("connection", "close, X-One ,x-two"),
            ("connection", "x-three"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-two", "2"),
            ("x-three", "3"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eDp5"),
            ("transfer-encoding", "Chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
            ("x-four", "4"),
        ];
        assert_eq!(left(&known), (vec!["x-four".to_owned()], false));
        assert_eq!(
            left(&[("te", "gzip, Trailers"), ("connection", "te")]).0,
            ["te"]
        );
        assert_eq!(left(&[("te", "gzip")]).0, [""; 0]);
    }

    #[test]
    fn other_framings_stay_to_be_refused() {
        for lines in [
            &[("transfer-encoding", "gzip, chunked")][..],
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            &[
                ("transfer-encoding", "xchunked"),
                ("connection", "transfer-encoding"),
            ],
        ] {
            assert_eq!(left(lines).0, ["transfer-encoding"], "{lines:?}");
        }
    }

    #[test]
    fn nothing_but_a_websocket_is_upgraded_to() {
        for (connection, upgrade, asked) in [
            ("Upgrade", "websocket", true),
            ("keep-alive, upgrade", "WebSocket", true),
            ("keep-alive", "websocket", false),
            ("upgrade", "h2c", false),
            ("upgrade", "websocket, h2c", false),
            ("upgrade", "", false),
        ] {
            let headers = [("connection", connection), ("upgrade", upgrade)];
            assert_eq!(left(&headers), (vec![], asked), "{upgrade}");
        }
    }
}
