use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use serde_json::Number;

/// Reads a `NumericDate` (RFC 7519 §2) in whole seconds. It may have a fraction, which is dropped.
pub(crate) fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    seconds(&Number::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("not a moment"))
}

/// The same for a claim that may be missing.
pub(crate) fn numeric_date_if_any<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    Option::<Number>::deserialize(deserializer)?
        .map(|number| seconds(&number).ok_or_else(|| D::Error::custom("not a moment")))
        .transpose()
}

fn seconds(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        // Casting saturates; what is beyond any clock is as good as the end of time.
        (float >= 0.0).then_some(float as u64)
    })
}
