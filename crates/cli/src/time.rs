//! Moments and spans as people read them.

use std::time::Duration;

use gatepass_client::Timestamp;
use gatepass_http::{Clock as _, SystemClock};

/// RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    let seconds = i64::try_from(moment.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map(|moment| moment.to_string())
        .unwrap_or_default()
}

/// How far off a moment is: `in 59 min`, `3 h ago`.
pub(crate) fn distance(moment: Timestamp) -> String {
    let now = SystemClock.now();
    if moment >= now {
        return format!("in {}", span(moment.since(now)));
    }
    format!("{} ago", span(now.since(moment)))
}

/// How long from now; zero when it is past.
pub(crate) fn until(moment: Timestamp) -> Duration {
    moment.since(SystemClock.now())
}

fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gatepass_client::Timestamp;

    use super::{rfc3339, span};

    #[test]
    fn moments_are_utc() {
        assert_eq!(
            rfc3339(Timestamp::from_secs(1_767_323_045)),
            "2026-01-02T03:04:05Z"
        );
    }

    #[test]
    fn spans_are_short() {
        let said =
            [0, 119, 120, 7199, 7200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
    }
}
