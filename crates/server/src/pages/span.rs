use std::time::Duration;

/// A length of time in words, rounded up: `45 seconds`, `2 minutes`, `3 hours`, `4 days`.
pub(super) fn in_words(span: Duration) -> String {
    let secs = whole_secs(span);
    let (count, unit) = match secs {
        0..=90 => (secs, "second"),
        91..=5400 => (secs.div_ceil(60), "minute"),
        5401..=172_800 => (secs.div_ceil(3600), "hour"),
        _ => (secs.div_ceil(24 * 3600), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Whole seconds, rounded up and at least one, as `Retry-After` wants them (RFC 9110 §10.2.3).
pub(super) fn whole_secs(span: Duration) -> u64 {
    let more = u64::from(span.subsec_nanos() > 0);
    span.as_secs().saturating_add(more).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{in_words, whole_secs};

    #[test]
    fn rounds_up() {
        for (millis, words) in [
            (0, "1 second"),
            (1, "1 second"),
            (1001, "2 seconds"),
            (60_000, "60 seconds"),
            (90_001, "2 minutes"),
            (600_000, "10 minutes"),
            (5_400_001, "2 hours"),
            (172_800_000, "48 hours"),
            (172_800_001, "3 days"),
            (7_776_000_000, "90 days"),
        ] {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
        assert_eq!(whole_secs(Duration::MAX), u64::MAX);
    }
}
