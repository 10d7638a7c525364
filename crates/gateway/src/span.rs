//! A time span as it stands in `guard.toml`: `"90d"`, `"12h"`, `"10m"`, `"30s"`, or several together (`"1h 30m"`).

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer, de};

/// What a unit's letter stands for, in seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a time span.
///
/// # Errors
///
/// It is none.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut seconds = 0_u64;
    for part in text.split_ascii_whitespace() {
        seconds = span(part)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(|| wrong(text))?;
    }
    if text.trim().is_empty() {
        return Err(wrong(text));
    }
    Ok(Duration::from_secs(seconds))
}

/// A time span as the file has it, in the largest unit that needs no fraction.
pub(crate) fn write(span: Duration) -> String {
    let seconds = span.as_secs();
    let fits = UNITS
        .iter()
        .find(|(_, unit)| seconds != 0 && seconds.is_multiple_of(*unit));
    let (name, unit) = fits.unwrap_or(&("s", 1));
    format!("{}{name}", seconds / unit)
}

fn span(part: &str) -> Option<u64> {
    let digits = part.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let name = part.get(digits.len()..)?;
    let (_, unit) = UNITS.iter().find(|(own, _)| *own == name)?;
    // A sign is not a digit, though `parse` would take one.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse::<u64>()
        .ok()
        .filter(|_| plain)?
        .checked_mul(*unit)
}

fn wrong(text: &str) -> String {
    format!("{text:?} is not a time span; write one like \"30s\", \"10m\" or \"90d\"")
}

/// For `#[serde(deserialize_with = …)]`.
///
/// # Errors
///
/// It is none.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// For `#[serde(with = …)]`, besides [`deserialize`].
pub(crate) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(*span))
}

/// The same of a time span that may not be there.
pub(crate) mod optional {
    use super::{Deserializer, Duration, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
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
            "m",
            "-10m",
            "+1m",
            "1 m",
            "10M",
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
        for text in ["0s", "30s", "90s", "10m", "12h", "36h", "90d"] {
            assert_eq!(write(parse(text).expect(text)), text);
        }
    }
}
