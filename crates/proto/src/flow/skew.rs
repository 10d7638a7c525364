use http::HeaderMap;
use http::header::DATE;

use crate::Timestamp;

/// Clocks that differ by less count as equal, in milliseconds: a `Date` has whole seconds, and the answer was some time
/// under way.
const TOLERABLE: i64 = 10_000;

/// How far a server's clock is ahead of ours, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(i64);

impl Skew {
    /// As the `Date` of its answer has it (RFC 9110 §6.6.1), which came at `now`.
    pub fn of(headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let date = headers.get(DATE)?.to_str().ok()?;
        let date = httpdate::parse_http_date(date).ok()?;
        let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        let theirs = i64::try_from(date.as_millis()).ok()?;
        Some(Self(theirs - i64::try_from(now.as_millis()).ok()?))
    }

    /// In milliseconds; negative where their clock is behind.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whether the two clocks count as different.
    pub fn matters(self) -> bool {
        self.0.abs() > TOLERABLE
    }

    /// What their clock shows when ours shows this.
    pub fn theirs(self, ours: Timestamp) -> Timestamp {
        self.shifted(ours, self.0)
    }

    /// What our clock shows when theirs shows this.
    pub fn ours(self, theirs: Timestamp) -> Timestamp {
        self.shifted(theirs, -self.0)
    }

    fn shifted(self, moment: Timestamp, by: i64) -> Timestamp {
        if !self.matters() {
            return moment;
        }
        let span = std::time::Duration::from_millis(by.unsigned_abs());
        if by < 0 { moment - span } else { moment + span }
    }
}

#[cfg(test)]
mod tests {
    use http::header::DATE;
    use http::{HeaderMap, HeaderValue};

    use super::Skew;
    use crate::Timestamp;

    /// 15 Jan 2027, 08:00:00.
    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn at(date: &'static str) -> Option<Skew> {
        let date = HeaderValue::from_static(date);
        Skew::of(&HeaderMap::from_iter([(DATE, date)]), NOW)
    }

    #[test]
    fn a_moment_goes_to_their_clock_and_back() {
        for (date, seconds) in [
            ("Fri, 15 Jan 2027 08:10:00 GMT", 600),
            ("Fri, 15 Jan 2027 07:50:00 GMT", -600),
        ] {
            let skew = at(date).expect("a date");
            assert!(skew.matters() && skew.millis() == seconds * 1000);
            let theirs = skew.theirs(NOW);
            assert_eq!(
                theirs.as_secs(),
                NOW.as_secs().saturating_add_signed(seconds)
            );
            assert_eq!(skew.ours(theirs), NOW);
        }
    }

    #[test]
    fn seconds_are_nothing() {
        let skew = at("Fri, 15 Jan 2027 08:00:09 GMT").expect("a date");
        assert!(!skew.matters());
        assert_eq!((skew.theirs(NOW), skew.ours(NOW)), (NOW, NOW));
        for none in ["", "yesterday", "Thu, 01 Jan 1970"] {
            assert_eq!(at(none), None, "{none}");
        }
        assert_eq!(Skew::of(&HeaderMap::new(), NOW), None);
    }
}
