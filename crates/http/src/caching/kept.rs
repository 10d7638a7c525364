//! One answer as it is kept: what of it, for how long, and its form on disk.
//!
//! A file is a line `gatepass-answer 1 DIGEST`, where DIGEST is that of all that follows; a line of JSON, the
//! [`Head`]; and the body.

use std::borrow::Cow;
use std::time::Duration;

use gatepass_proto::{Digest, Timestamp};
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderName, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use url::Url;

use super::folder::MAX_FILE;
use crate::freshness::{MAX_AGE, age, lifetime, says};
use crate::shelf::Document;

/// How long it is believed that there is nothing.
const NOTHING_AGE: Duration = Duration::from_secs(60);
/// The largest body that is kept, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// The longest header value that is kept, in bytes.
const MAX_VALUE: usize = 1024;
/// How a file begins.
const MAGIC: &str = "gatepass-answer 1 ";

/// The headers that are kept.
const HEADERS: [HeaderName; 7] = [
    AGE,
    CACHE_CONTROL,
    CONTENT_TYPE,
    DATE,
    ETAG,
    EXPIRES,
    LAST_MODIFIED,
];

/// An answer, without what is nobody's business later.
pub(super) struct Kept {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Kept {
    /// The body, where it is a document and not the word that there is none.
    pub(super) fn document(&self) -> Option<&[u8]> {
        (self.status == StatusCode::OK).then_some(self.body.as_slice())
    }

    /// The headers that ask whether this is still the answer (RFC 9110 §13.1); none where that makes no sense.
    pub(super) fn conditions(&self) -> HeaderMap {
        let mut conditions = HeaderMap::new();
        if self.status != StatusCode::OK {
            return conditions;
        }
        for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
            if let Some(value) = self.headers.get(validator) {
                conditions.insert(condition, value.clone());
            }
        }
        conditions
    }
}

/// The document that an answer is, if it is one to keep.
pub(super) fn document(
    response: &Response<Vec<u8>>,
    old: Option<&Document<Kept>>,
    now: Timestamp,
) -> Option<Document<Kept>> {
    match response.status() {
        StatusCode::OK if is_object(response.body()) => {
            let kept = Kept {
                status: StatusCode::OK,
                headers: some(response.headers()),
                body: response.body().clone(),
            };
            Some(fresh(kept, now))
        }
        StatusCode::NOT_MODIFIED => old
            .filter(|old| !old.value.conditions().is_empty())
            .map(|old| fresh(old.value.renewed(response.headers()), now)),
        StatusCode::NOT_FOUND => Some(nothing(some(response.headers()), now)),
        _ => None,
    }
}

/// The answer that is given out, with its age (RFC 9111 §5.1).
pub(super) fn answer(document: &Document<Kept>, now: Timestamp) -> Response<Vec<u8>> {
    let kept = &document.value;
    let mut response = Response::new(kept.body.clone());
    *response.status_mut() = kept.status;
    *response.headers_mut() = kept.headers.clone();
    let age = age(&kept.headers).saturating_add(now.since(document.fetched_at));
    response.headers_mut().insert(AGE, age.as_secs().into());
    response
}

/// The bytes of the file; none for what must not be stored or is too large for it.
pub(super) fn write(
    url: &Url,
    document: &Document<Kept>,
    failed_at: Option<Timestamp>,
) -> Option<Vec<u8>> {
    let kept = &document.value;
    if says(&kept.headers, "no-store") {
        return None;
    }
    let pairs = kept.headers.iter();
    let head = Head {
        url: url.as_str().into(),
        status: kept.status.as_u16(),
        fetched_at: document.fetched_at,
        fresh_until: document.fresh_until,
        failed_at,
        headers: pairs
            .filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())))
            .collect(),
    };
    let mut rest = serde_json::to_vec(&head).ok()?;
    rest.push(b'\n');
    rest.extend_from_slice(&kept.body);
    let mut file = format!("{MAGIC}{}\n", Digest::of(&rest).to_base64url()).into_bytes();
    file.append(&mut rest);
    (file.len() <= MAX_FILE).then_some(file)
}

/// The document in a file and when the last attempt failed; none for anything but a whole file of this URL.
pub(super) fn read(
    file: &[u8],
    url: &Url,
    now: Timestamp,
) -> Option<(Document<Kept>, Option<Timestamp>)> {
    let (digest, rest) = line(file.strip_prefix(MAGIC.as_bytes())?)?;
    if digest != Digest::of(rest).to_base64url().as_bytes() {
        return None;
    }
    let (head, body) = line(rest)?;
    let head: Head<'_> = serde_json::from_slice(head).ok()?;
    if head.url != url.as_str() || head.fetched_at > now {
        return None;
    }
    let headers = head.headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    let headers = headers.collect();
    let mut document = match head.status {
        200 => fresh(
            Kept {
                status: StatusCode::OK,
                headers,
                body: body.to_vec(),
            },
            head.fetched_at,
        ),
        404 => nothing(headers, head.fetched_at),
        _ => return None,
    };
    document.fresh_until = head.fresh_until.min(head.fetched_at + MAX_AGE);
    Some((document, head.failed_at))
}

/// The line before the body.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    url: Cow<'a, str>,
    status: u16,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
    failed_at: Option<Timestamp>,
    headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Kept {
    /// The same with the headers of a 304 (RFC 9111 §3.2).
    fn renewed(&self, by: &HeaderMap) -> Self {
        let mut headers = self.headers.clone();
        headers.remove(AGE);
        headers.extend(some(by));
        Self {
            status: self.status,
            headers,
            body: self.body.clone(),
        }
    }
}

fn fresh(kept: Kept, now: Timestamp) -> Document<Kept> {
    let lifetime = lifetime(&kept.headers, now);
    Document::new(kept, now, lifetime)
}

/// That there is nothing is not believed any longer while the server is down.
fn nothing(headers: HeaderMap, now: Timestamp) -> Document<Kept> {
    let kept = Kept {
        status: StatusCode::NOT_FOUND,
        headers,
        body: Vec::new(),
    };
    Document {
        grace: Duration::ZERO,
        ..Document::new(kept, now, NOTHING_AGE)
    }
}

/// Something else with status 200 is a fault, and one that is kept lasts longer than the fault itself.
fn is_object(body: &[u8]) -> bool {
    body.len() <= MAX_BODY
        && body.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn some(headers: &HeaderMap) -> HeaderMap {
    let kept = HEADERS.iter().flat_map(|name| {
        let values = headers.get_all(name).iter();
        values.map(move |value| (name.clone(), value.clone()))
    });
    kept.filter(|(_, value)| value.len() <= MAX_VALUE).collect()
}

/// The bytes before the first line feed, and those after it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}
