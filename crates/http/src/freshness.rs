//! How long a document is believed (RFC 9111 §4.2), within the bounds of this house.

use std::time::Duration;

use gatepass_proto::Timestamp;
use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, EXPIRES};

use crate::date::{date, server_clock};

/// The shortest time a document is kept, whatever its headers say.
pub(crate) const MIN_AGE: Duration = Duration::from_secs(60);
/// The longest time without asking again.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a document is kept that says nothing about it.
const DEFAULT_AGE: Duration = Duration::from_secs(15 * 60);
/// How long an old document still serves while its server is down.
pub(crate) const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// The least time between two attempts at one URL.
pub(crate) const PAUSE: Duration = Duration::from_secs(30);

/// How long a document with these headers stays fresh: its `max-age`, else its `Expires`, less the `Age` it
/// already had.
pub(crate) fn lifetime(headers: &HeaderMap, now: Timestamp) -> Duration {
    if says(headers, "no-store") || says(headers, "no-cache") {
        return MIN_AGE;
    }
    let whole = max_age(headers)
        .or_else(|| until_expiry(headers, now))
        .unwrap_or(DEFAULT_AGE);
    whole.saturating_sub(age(headers)).clamp(MIN_AGE, MAX_AGE)
}

/// Whether `Cache-Control` holds a directive without a value.
pub(crate) fn says(headers: &HeaderMap, directive: &str) -> bool {
    directives(headers).any(|own| own == directive)
}

/// How old the document was when it came (RFC 9111 §5.1).
pub(crate) fn age(headers: &HeaderMap) -> Duration {
    let seconds = headers
        .get(AGE)
        .and_then(|age| age.to_str().ok()?.parse().ok());
    seconds.map_or(Duration::ZERO, Duration::from_secs)
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let seconds = directives(headers).filter_map(|directive| {
        let seconds = directive.strip_prefix("max-age=")?;
        seconds.trim_matches('"').parse().ok()
    });
    seconds.last().map(Duration::from_secs)
}

/// An `Expires` that is no date has passed (RFC 9111 §5.3).
fn until_expiry(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    headers.get(EXPIRES)?;
    let until = date(headers, &EXPIRES).map(|end| end.since(server_clock(headers, now)));
    Some(until.unwrap_or_default())
}

fn directives(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Timestamp;
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::lifetime;

    /// 2026-01-01T00:00:00Z, by our clock.
    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    fn seconds(headers: &[(&'static str, &'static str)]) -> u64 {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        lifetime(&headers, NOW).as_secs()
    }

    #[test]
    fn ages_are_read_and_bounded() {
        for (control, expected) in [
            ("", 900),
            ("max-age=600", 600),
            ("public, Max-Age=\"600\"", 600),
            ("max-age=5", 60),
            ("max-age=0", 60),
            ("max-age=99999999", 86400),
            ("max-age=99999999999999999999999", 900),
            ("max-age=nonsense", 900),
            ("no-store", 60),
            ("max-age=600, no-cache", 60),
        ] {
            assert_eq!(
                seconds(&[("cache-control", control)]),
                expected,
                "{control}"
            );
        }
    }

    #[test]
    fn the_time_spent_in_other_caches_counts() {
        let control = ("cache-control", "max-age=600");
        assert_eq!(seconds(&[control, ("age", "200")]), 400);
        assert_eq!(seconds(&[control, ("age", "9999")]), 60);
        assert_eq!(seconds(&[control, ("age", "young")]), 600);
        assert_eq!(seconds(&[("age", "200")]), 700);
    }

    #[test]
    fn an_expiry_is_read_by_the_servers_own_clock() {
        let expires = ("expires", "Thu, 01 Jan 2026 00:10:00 GMT");
        assert_eq!(seconds(&[expires]), 600);
        assert_eq!(
            seconds(&[expires, ("date", "Thu, 01 Jan 2026 00:05:00 GMT")]),
            300
        );
        assert_eq!(seconds(&[expires, ("cache-control", "max-age=120")]), 120);
        assert_eq!(seconds(&[("expires", "0")]), 60, "no date has passed");
        assert_eq!(seconds(&[("expires", "Wed, 31 Dec 2025 00:00:00 GMT")]), 60);
    }
}
