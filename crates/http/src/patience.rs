use std::time::Duration;

use gatepass_proto::{Entropy, Timestamp};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use crate::date::{date, server_clock};
use crate::{Clock as _, Egress, HttpTransport, OsEntropy, Resource, SystemClock};

/// The wait before the first repeat, at most, where the server says nothing about it. It doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// How often one request is sent again, and after how long.
///
/// Only a request that changes nothing when it is sent twice is (RFC 9110 §9.2.2): GET, HEAD, PUT, DELETE and
/// OPTIONS. A 429 or 503 is waited out for as long as its `Retry-After` says, in seconds or as a date, else for
/// half a second, doubled each time and cut by chance, so that many who were turned away together do not come back
/// together. A connection that breaks before there is an answer is tried once more at once.
///
/// A request with a credential for one use only (a DPoP proof, a Digest response) is not sent again by
/// [`HttpTransport`]: it needs a new one. [`Resource::needs_new_credential`] knows such a request, and
/// [`HttpTransport::patience`] is for whoever can make one.
#[derive(Clone, Debug)]
pub struct Patience {
    began: Instant,
    max_wait: Duration,
    repeats_left: u32,
    repeated: u32,
    broken: bool,
}

impl Patience {
    /// How long to wait before the request is sent again after this answer; `None` if the answer stands.
    pub fn after(&mut self, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        let busy = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        if !busy || self.repeats_left == 0 {
            return None;
        }
        let asked = asked(headers, SystemClock.now());
        let wait = asked.unwrap_or_else(|| backoff(self.repeated, &mut OsEntropy));
        if self.began.elapsed().saturating_add(wait) > self.max_wait {
            return None;
        }
        self.repeats_left -= 1;
        self.repeated += 1;
        Some(wait)
    }

    /// Whether the request is sent again, at once, after its connection broke.
    pub fn after_break(&mut self) -> bool {
        let again = !self.broken && self.repeats_left > 0 && self.began.elapsed() <= self.max_wait;
        if again {
            self.broken = true;
            self.repeats_left -= 1;
        }
        again
    }
}

impl HttpTransport {
    /// What this transport has for a request that is now sent for the first time: for a caller that has to make a
    /// new credential before it sends the request again.
    pub fn patience(&self) -> Patience {
        Patience::new(&self.pools.egress)
    }
}

impl Patience {
    fn new(egress: &Egress) -> Self {
        Self {
            began: Instant::now(),
            max_wait: egress.max_wait,
            repeats_left: egress.repeats,
            repeated: 0,
            broken: false,
        }
    }
}

impl Resource {
    /// Whether this could be sent again but for its credential, which is for one use: a DPoP proof (RFC 9449 §11.1) or the
    /// answer to a challenge (RFC 7616). [`HttpTransport`] leaves the repeat to whoever can make another.
    pub fn needs_new_credential(&self) -> bool {
        is_idempotent(&self.method) && is_for_one_use(&self.headers)
    }
}

/// Whether a request may be sent twice as it is, but for its body.
pub(crate) fn repeatable(method: &Method, headers: &HeaderMap) -> bool {
    is_idempotent(method) && !is_for_one_use(headers)
}

fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS
    )
}

fn is_for_one_use(headers: &HeaderMap) -> bool {
    let is_digest = |value: &HeaderValue| {
        let scheme = value.as_bytes().get(..7);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"digest "))
    };
    headers.contains_key("dpop") || headers.get_all(AUTHORIZATION).iter().any(is_digest)
}

/// What `Retry-After` says (RFC 9110 §10.2.3). Its date is the server's, and so is read by the server's clock.
fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    seconds.or_else(|| {
        let then = date(headers, &RETRY_AFTER)?;
        Some(then.since(server_clock(headers, now)))
    })
}

/// Between half and the whole of a time that doubles.
fn backoff(repeated: u32, entropy: &mut dyn Entropy) -> Duration {
    let mut random = [0; 2];
    entropy.fill(&mut random);
    let half = FIRST_WAIT.saturating_mul(1 << repeated.min(10)) / 2;
    half + half.saturating_mul(u16::from_ne_bytes(random).into()) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gatepass_proto::{Entropy, Timestamp};
    use http::header::{DATE, RETRY_AFTER};
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    use super::{Patience, asked, backoff, repeatable};
    use crate::{Body, Egress, Resource};

    /// 2026-01-01T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }

    fn headers(retry_after: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Thu, 01 Jan 2026 00:01:00 GMT", Some(60)),
            ("Thursday, 01-Jan-26 00:01:00 GMT", Some(60)),
            ("Thu Jan  1 00:01:00 2026", Some(60)),
            ("Wed, 31 Dec 2025 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(asked(&headers(text), NOW), expected, "{text}");
        }
        assert_eq!(asked(&HeaderMap::new(), NOW), None);
    }

    #[test]
    fn a_date_is_read_by_the_servers_clock() {
        let mut headers = headers("Thu, 01 Jan 2026 05:00:10 GMT");
        let date = HeaderValue::from_static("Thu, 01 Jan 2026 05:00:00 GMT");
        headers.insert(DATE, date);
        assert_eq!(asked(&headers, NOW), Some(Duration::from_secs(10)));
    }

    #[test]
    fn back_off_doubles_and_is_cut_by_chance() {
        for (repeated, least, most) in [(0, 250, 500), (1, 500, 1000), (3, 2000, 4000)] {
            let millis = |random| backoff(repeated, &mut Always(random)).as_millis();
            assert_eq!((millis(0), millis(255)), (least, most));
            assert!((least..=most).contains(&millis(100)));
        }
        assert!(backoff(u32::MAX, &mut Always(255)) < Duration::from_secs(600));
    }

    #[test]
    fn patience_ends() {
        let now = headers("0");
        let mut patience = Patience::new(&Egress::default());
        let mut busy =
            |headers: &HeaderMap| patience.after(StatusCode::SERVICE_UNAVAILABLE, headers);
        assert_eq!(busy(&headers("31")), None, "longer than all may take");
        assert_eq!(busy(&headers("18446744073709551615")), None);
        assert_eq!(busy(&headers("29")), Some(Duration::from_secs(29)));
        assert_eq!(busy(&now), Some(Duration::ZERO));
        assert_eq!(busy(&now), None, "the third time");

        let mut patience = Patience::new(&Egress::default());
        assert!(patience.after_break());
        assert!(!patience.after_break());
        assert_eq!(patience.after(StatusCode::BAD_GATEWAY, &now), None);
        assert!(
            patience
                .after(StatusCode::TOO_MANY_REQUESTS, &now)
                .is_some()
        );
        assert!(
            patience
                .after(StatusCode::TOO_MANY_REQUESTS, &now)
                .is_none()
        );

        let mut patience = Patience::new(&Egress {
            repeats: 0,
            ..Egress::default()
        });
        assert!(!patience.after_break());
        assert!(
            patience
                .after(StatusCode::TOO_MANY_REQUESTS, &now)
                .is_none()
        );
    }

    #[test]
    fn what_changes_something_is_sent_once() {
        let none = HeaderMap::new();
        for method in [
            Method::GET,
            Method::HEAD,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            assert!(repeatable(&method, &none), "{method}");
        }
        for method in [Method::POST, Method::PATCH, Method::CONNECT] {
            assert!(!repeatable(&method, &none), "{method}");
        }
        for (name, value, twice) in [
            ("authorization", "Bearer x", true),
            ("authorization", "Basic x", true),
            ("authorization", "DIGEST username=\"x\"", false),
            ("dpop", "x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(repeatable(&Method::GET, &headers), twice, "{name}: {value}");
            for (method, idempotent) in [(Method::GET, true), (Method::POST, false)] {
                let request = Resource {
                    method,
                    url: "http://localhost/".parse().expect("a URL"),
                    headers: headers.clone(),
                    body: Body::empty(),
                    within: std::sync::Arc::default(),
                };
                assert_eq!(request.needs_new_credential(), idempotent && !twice);
            }
        }
    }
}
