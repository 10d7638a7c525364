//! A time span in a settings file: `"90d"`, `"12h"`, `"10m"`, `"30s"`, or several together (`"1h 30m"`). For
//! `#[serde(with = "span")]`, and `"span::optional"` for one that may not be there.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde::{Deserialize as _, Deserializer, Serializer, de};

/// The largest unit first, in seconds.
const UNITS: [(u64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

/// Reads a time span, in which a day has 24 hours.
///
/// # Errors
///
/// It is none, it is negative, or it has months or years, which have no length of their own.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a time span; write one like \"30s\", \"10m\" or \"90d\"");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    Duration::try_from(length.map_err(|_| wrong())?).map_err(|_| wrong())
}

/// A time span as the file has it, in the largest unit that needs no fraction.
pub fn write(span: Duration) -> String {
    if span.subsec_nanos() != 0 {
        return format!("{}ms", span.as_millis());
    }
    let seconds = span.as_secs();
    let fits = UNITS
        .iter()
        .find(|(unit, _)| seconds != 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = fits.unwrap_or(&(1, 's'));
    format!("{}{name}", seconds / unit)
}

/// Writes it as [`write()`] does.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(*span))
}

/// Reads it as [`parse()`] does.
///
/// # Errors
///
/// It is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// The same of a time span that may not be there.
pub mod optional {
    use super::{Deserializer, Duration, Serializer};

    /// Writes it where it is there.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads one that is there.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, write};

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("30s", 30),
            ("10m", 600),
            ("1h 30m", 5400),
            ("12h", 43_200),
            ("90d", 7_776_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            " ",
            "10",
            "-10m",
            "m",
            "1 month",
            "10m later",
            "1e9d",
            "99999999999999999999s",
            "999999999999999999d",
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains("\"10m\""), "{error}");
        }
    }

    #[test]
    fn spans_are_written_as_they_are_read() {
        for text in ["0s", "30s", "90s", "10m", "12h", "36h", "90d", "1500ms"] {
            assert_eq!(write(parse(text).expect(text)), text);
        }
    }
}
