use std::time::SystemTime;

use gatepass_proto::Timestamp;
use http::HeaderMap;
use http::header::{DATE, HeaderName};

/// The moment that a header names (RFC 9110 §5.6.7), in any of the three spellings.
pub(crate) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let text = headers.get(name)?.to_str().ok()?;
    let moment = httpdate::parse_http_date(text).ok()?;
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(since.as_secs()))
}

/// What the server's clock shows: a moment it names is to be read by its own clock, not by ours.
pub(crate) fn server_clock(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    date(headers, &DATE).unwrap_or(now)
}
