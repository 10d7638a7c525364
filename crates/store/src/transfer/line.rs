use std::fmt;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::decide::record::Record;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{End, Wire};

/// The longest line, in bytes, without its end.
pub const MAX_LINE: usize = 1 << 20;

/// The version of the lines.
pub const VERSION: u32 = 1;

/// How much of a member's name is told.
const TOLD: usize = 64;

/// How an export begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of its lines.
    pub version: u32,
    /// Its name, which no other export has: a random one.
    pub export_id: String,
    /// When it was begun.
    pub exported_at: Timestamp,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The first.
    Header(Header),
    /// A record.
    Record(Box<Record>),
    /// A line of the audit log.
    Audit(AuditLine),
    /// The last, and how many records there were.
    End(u64),
}

/// Why a line is refused, without what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError(String);

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LineError {}

impl Line {
    /// Reads what [`Line::write`] writes.
    ///
    /// # Errors
    ///
    /// The line is too long, of another version, or not one that an export has.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        if text.len() > MAX_LINE {
            return Err(too_long());
        }
        let wire: Wire = serde_json::from_str(text).map_err(|error| told(&error))?;
        if let Wire::GatepassExport(header) = &wire
            && header.version != VERSION
        {
            let text = format!(
                "it is an export of version {}, and this gatepass reads version {VERSION}; use the one that wrote it",
                header.version
            );
            return Err(LineError(text));
        }
        let given: Value = serde_json::from_str(text).map_err(|error| told(&error))?;
        let read = serde_json::to_value(&wire).map_err(|error| told(&error))?;
        match strange(&given, &read) {
            Some(fault) => Err(LineError(fault)),
            None => Ok(wire.into()),
        }
    }

    /// The line as text, without its end. `None` for a record of a kind that is not exported.
    ///
    /// # Errors
    ///
    /// The record is too large for a line.
    pub fn write(&self) -> Result<Option<String>, LineError> {
        let wire = match self {
            Self::Header(header) => Some(Wire::GatepassExport(header.clone())),
            Self::Record(record) => Wire::of(record),
            Self::Audit(line) => Some(Wire::Audit(line.clone())),
            Self::End(records) => Some(Wire::End(End { records: *records })),
        };
        let Some(wire) = wire else { return Ok(None) };
        let text = serde_json::to_string(&wire).map_err(|error| told(&error))?;
        match text.len() {
            ..=MAX_LINE => Ok(Some(text)),
            _ => Err(too_long()),
        }
    }
}

impl From<Wire> for Line {
    fn from(wire: Wire) -> Self {
        let record = match wire {
            Wire::GatepassExport(header) => return Self::Header(header),
            Wire::Audit(line) => return Self::Audit(line),
            Wire::End(End { records }) => return Self::End(records),
            Wire::Client(own) => Record::Client(own),
            Wire::User(own) => Record::User(own),
            Wire::Grant(own) => Record::Grant(own),
            Wire::ApiKey(own) => Record::ApiKey(own),
            Wire::Denied(own) => Record::Denied(own),
            Wire::SealedKey(own) => Record::SealedKey(own),
            Wire::Item(own) => Record::Item(own.into_item()),
        };
        Self::Record(Box::new(record))
    }
}

fn too_long() -> LineError {
    LineError(format!("it is longer than {MAX_LINE} bytes"))
}

/// What of a line would be lost, or changed, if it were stored: a member that nothing was read from, a number that no
/// database holds.
fn strange(given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
            let Some(read) = read.get(name) else {
                return Some(format!("it has a member {} too many", short(name)));
            };
            strange(value, read)
        }),
        (Value::Array(given), Value::Array(read)) if given.len() == read.len() => {
            let mut both = given.iter().zip(read);
            both.find_map(|(given, read)| strange(given, read))
        }
        (Value::Number(number), _)
            if number.as_u64().is_some_and(|n| i64::try_from(n).is_err()) =>
        {
            Some("it has a number that is too large".into())
        }
        (Value::Array(_) | Value::Object(_), _) => Some("it has a member of another kind".into()),
        _ => None,
    }
}

/// What is wrong, in words that repeat at most the name of a member.
fn told(error: &serde_json::Error) -> LineError {
    let text = error.to_string();
    let named = [
        "unknown field",
        "unknown variant",
        "missing field",
        "duplicate field",
    ];
    let place = format!("at column {}", error.column());
    let named = named.into_iter().find_map(|kind| {
        let (_, rest) = text.strip_prefix(kind)?.split_once('`')?;
        let (name, _) = rest.split_once('`')?;
        Some(format!("{kind} {} {place}", short(name)))
    });
    LineError(match (named, error.classify()) {
        (Some(named), _) => named,
        (None, serde_json::error::Category::Data) => format!("a value is not of its kind {place}"),
        (None, _) => format!("it is not JSON {place}"),
    })
}

/// A name that anybody may have chosen, fit to be shown.
fn short(name: &str) -> String {
    let mut name: String = name.chars().take(TOLD).collect();
    name.retain(|c| !c.is_control());
    format!("{name:?}")
}

#[cfg(test)]
mod tests {
    use gatepass_proto::Timestamp;

    use super::{Header, Line};

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let error = Line::parse(text).expect_err(text).to_string();
        assert!(error.contains(why), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_no_export_has_is_refused_without_being_repeated() {
        let user = |more: &str| {
            format!(r#"{{"user":{{"user_id":"us_1","username":"me","created_at":1{more}}}}}"#)
        };
        let whole = user(r#","password_hash":"x""#);
        assert!(Line::parse(&whole).is_ok());
        for (text, why) in [
            (user(""), r#"missing field "password_hash""#),
            (user(r#","password_hash":7"#), "not of its kind"),
            (
                user(r#","password_hash":"x","hunter":1"#),
                r#"unknown field "hunter""#,
            ),
            (
                user(r#","password_hash":"hunter2","username":"a""#),
                "duplicate field",
            ),
            (
                user(r#","password_hash":"x","details":{"role":"hunter2"}"#),
                r#""role" too many"#,
            ),
            (
                user(r#","password_hash":"x","locked_at":18446744073709551615"#),
                "too large",
            ),
            (whole.replace("}}", "}"), "not JSON"),
            (
                whole.replace("user\"", "session\""),
                r#"unknown variant "session""#,
            ),
            (format!("{whole}{whole}"), "not JSON"),
            (String::new(), "not JSON"),
            ("[".repeat(100_000), "not JSON"),
            (" ".repeat(super::MAX_LINE + 1), "longer than"),
            (
                r#"{"item":{"space":"device","digest":"","version":1,"body":"","expires_at":1}}"#
                    .into(),
                "not of its kind",
            ),
        ] {
            refused(&text, why);
        }
    }

    #[test]
    fn another_version_is_refused_before_anything_else() {
        let header = Header {
            version: 1,
            export_id: "x".into(),
            exported_at: Timestamp::from_secs(1),
        };
        let line = Line::Header(header);
        let text = line.write().expect("short").expect("written");
        assert_eq!(Line::parse(&text), Ok(line));
        refused(&text.replace(":1,", ":2,"), "version 2");
        refused(&text.replace("}}", ",\"more\":1}}"), "too many");
    }
}
