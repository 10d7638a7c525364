//! What two readers could understand in two ways is refused before it is sent on.

use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode, Version};

use super::{Fault, UpstreamSettings};

/// Whether a request may be sent on. What is for this hop has been taken off.
pub(super) fn check<B>(request: &Request<B>, settings: &UpstreamSettings) -> Result<(), Fault> {
    let headers = request.headers();
    head(request, settings.max_head)?;
    if [Method::CONNECT, Method::TRACE].contains(request.method()) {
        return Err(Fault::not_offered("CONNECT and TRACE are not passed on"));
    }
    if !request.uri().path().starts_with('/') {
        return Err(Fault::request("expected a path that begins with a slash"));
    }
    host(request)?;
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(match headers.contains_key(CONTENT_LENGTH) {
            true => Fault::request("expected Content-Length or Transfer-Encoding, not both"),
            false => Fault::not_offered("expected no Transfer-Encoding but chunked"),
        });
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(Fault::request("expected one Content-Length"));
    }
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match (length, settings.max_request_body) {
        (Some(length), Some(most)) if most < length => Err(Fault::too_large()),
        _ => Ok(()),
    }
}

/// An expectation (RFC 9110 §10.1.1) other than the one that exists.
pub(super) fn expectation(headers: &HeaderMap) -> Result<(), Fault> {
    let mut lines = headers.get_all(EXPECT).iter();
    let only = lines.next().filter(|_| lines.next().is_none());
    match only.is_some_and(|only| only.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        true => Ok(()),
        false => Err(Fault::new(
            StatusCode::EXPECTATION_FAILED,
            "invalid_request",
            "expected no expectation but 100-continue",
        )),
    }
}

/// The length of the head.
fn head<B>(request: &Request<B>, most: usize) -> Result<(), Fault> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |own| own.as_str().len());
    if target.saturating_add(length(request.headers())) <= most {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "invalid_request",
        "the request's head is longer than is taken here",
    ))
}

/// How long headers are as HTTP/1.1 writes them.
pub(super) fn length(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// There is one host, however it is said (RFC 9112 §3.2, RFC 9113 §8.3.1).
fn host<B>(request: &Request<B>) -> Result<(), Fault> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Fault::request("expected one Host"));
    }
    match (request.uri().authority(), host) {
        (Some(authority), _) if authority.as_str().contains('@') => {
            Err(Fault::request("expected a host without a user"))
        }
        (Some(authority), Some(host)) => {
            match host
                .as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes())
            {
                true => Ok(()),
                false => Err(Fault::request(
                    "the request's target is on another host than its Host",
                )),
            }
        }
        (None, None) if request.version() == Version::HTTP_11 => {
            Err(Fault::request("expected a Host (RFC 9112 §3.2)"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::check;
    use crate::{UpstreamSettings, end_hop};

    /// The status that a request of these lines is refused with.
    fn refused(line: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let (method, uri) = line.split_once(' ').expect("two words");
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a request");
        end_hop(&mut request);
        let settings = UpstreamSettings {
            max_request_body: Some(10),
            max_head: 100,
            ..UpstreamSettings::default()
        };
        check(&request, &settings)
            .err()
            .map(|fault| fault.status.as_u16())
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        const HOST: (&str, &str) = ("host", "a.example");
        for (line, headers, status) in [
            ("GET /", &[HOST][..], None),
            ("GET /", &[], Some(400)),
            ("GET /", &[HOST, HOST], Some(400)),
            ("GET /", &[HOST, ("connection", "host")], Some(400)),
            ("GET http://A.example/", &[HOST], None),
            ("GET http://a.example/", &[], None),
            ("GET http://b.example/", &[HOST], Some(400)),
            ("GET http://a.example:81/", &[HOST], Some(400)),
            (
                "GET http://me@a.example/",
                &[("host", "me@a.example")],
                Some(400),
            ),
            ("OPTIONS *", &[HOST], Some(400)),
            ("CONNECT a.example:1", &[("host", "a.example:1")], Some(501)),
            ("TRACE /", &[HOST], Some(501)),
            ("POST /", &[HOST, ("content-length", "10")], None),
            ("POST /", &[HOST, ("content-length", "11")], Some(413)),
            (
                "POST /",
                &[HOST, ("content-length", "1"), ("content-length", "1")],
                Some(400),
            ),
            ("POST /", &[HOST, ("transfer-encoding", "chunked")], None),
            (
                "POST /",
                &[
                    HOST,
                    ("transfer-encoding", "chunked"),
                    ("content-length", "1"),
                ],
                Some(400),
            ),
            (
                "POST /",
                &[HOST, ("transfer-encoding", "gzip, chunked")],
                Some(501),
            ),
            ("GET /", &[HOST, ("x", &"y".repeat(100))], Some(431)),
        ] {
            assert_eq!(refused(line, headers), status, "{line} {headers:?}");
        }
    }
}
