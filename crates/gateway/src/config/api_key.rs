use gatepass_proto::{Digest, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The longest name, and the longest subject, in bytes.
const MAX_LEN: usize = 256;

/// An API key that is taken. Only its digest stands in the file: who reads that gets in nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyEntry {
    /// What the operator calls it; no two are called the same.
    pub name: String,
    /// On whose behalf it acts.
    pub subject: String,
    /// What it opens.
    #[serde(default)]
    pub scope: Scope,
    /// Its SHA-256, in lower-case hexadecimal digits.
    #[serde(with = "hex")]
    pub sha256: Digest,
    /// When it ends (RFC 3339); `None` never.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl ApiKeyEntry {
    /// Whether the name and the subject are such that somebody is meant by them.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub fn agree(&self) -> Result<(), ConfigError> {
        for (setting, text) in [
            ("api_key.name", &self.name),
            ("api_key.subject", &self.subject),
        ] {
            let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
            if !plain || text.len() > MAX_LEN {
                let reason =
                    format!("expected 1 to {MAX_LEN} bytes of text, without control characters");
                return Err(ConfigError::setting(setting, reason));
            }
        }
        Ok(())
    }
}

/// Whether every key is good by itself, and another than the others.
pub(super) fn agree(keys: &[ApiKeyEntry]) -> Result<(), ConfigError> {
    for (place, key) in keys.iter().enumerate() {
        key.agree()?;
        let mut before = keys.iter().take(place);
        let twin = before.find(|other| other.name == key.name || other.sha256 == key.sha256);
        let Some(twin) = twin else { continue };
        let reason = match twin.name == key.name {
            true => format!(
                "two of them are called {:?}; give each its own name",
                key.name
            ),
            false => format!(
                "{:?} and {:?} are the same key; make each its own with `gatepass guard new-key`",
                twin.name, key.name
            ),
        };
        return Err(ConfigError::setting("api_key", reason));
    }
    Ok(())
}

/// A digest as it stands in the file. No fault repeats what stands there: it might be the key.
mod hex {
    use gatepass_proto::Digest;
    use gatepass_proto::base::opaque::API_KEY;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        digest: &Digest,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let digits = digest.as_bytes().iter().map(|byte| format!("{byte:02x}"));
        serializer.serialize_str(&digits.collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || match text.starts_with(API_KEY) {
            true => de::Error::custom(
                "an API key does not belong in this file; write the SHA-256 of it, as `gatepass guard new-key` does",
            ),
            false => de::Error::custom(
                "expected the SHA-256 of an API key, 64 lower-case hexadecimal digits; `gatepass guard new-key` makes both",
            ),
        };
        read(&text).map(Digest::from_bytes).ok_or_else(wrong)
    }

    fn read(text: &str) -> Option<[u8; 32]> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        let bytes = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
        bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
    }

    fn digit(letter: u8) -> Option<u8> {
        match letter {
            b'0'..=b'9' => Some(letter - b'0'),
            b'a'..=b'f' => Some(letter - b'a' + 10),
            _ => None,
        }
    }
}

/// A moment as it stands in the file, in quotes or, as TOML has moments too, without.
mod moment {
    use gatepass_proto::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de, ser};
    use toml::Value;

    pub(super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Some(moment) = moment else {
            return serializer.serialize_none();
        };
        let millis = i64::try_from(moment.as_millis()).map_err(ser::Error::custom)?;
        let moment = jiff::Timestamp::from_millisecond(millis).map_err(ser::Error::custom)?;
        serializer.collect_str(&moment)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let moment = match Value::deserialize(deserializer)? {
            Value::String(text) => read(&text),
            Value::Datetime(moment) => read(&moment.to_string()),
            _ => None,
        };
        let wrong = "expected a moment since 1970 with its offset from UTC (RFC 3339), like \"2030-12-31T23:59:59Z\"";
        moment.map(Some).ok_or_else(|| de::Error::custom(wrong))
    }

    fn read(text: &str) -> Option<Timestamp> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        let millis = u64::try_from(moment.as_millisecond()).ok()?;
        Some(Timestamp::from_millis(millis))
    }
}

#[cfg(test)]
#[path = "api_key_tests.rs"]
mod tests;
