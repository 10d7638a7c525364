use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::Params;

/// The longest answer that is read, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// How deep the members of an answer may be nested.
const MAX_DEPTH: u8 = 16;
/// The members by which a form is known to be an answer: any text at all can be read as a form.
const FORM_MARKS: [&str; 2] = ["access_token", "error"];

/// Reads the members of an answer, written as a JSON object or, by an older habit, as a form (GitHub's when nobody
/// asks for JSON). The first character tells which; what `Content-Type` says is wrong too often.
///
/// # Errors
///
/// What is wrong, without any of the content.
pub(super) fn read(body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    if body.len() > MAX_BODY {
        return Err("the body is too large");
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.trim_ascii_start().first() {
        Some(b'{') => json(body),
        Some(b'[' | b'"' | b'<') | None => Err("the body is not a JSON object"),
        Some(_) => form(body.trim_ascii()).ok_or("the body is neither JSON nor a form"),
    }
}

fn json(body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    let fault = Cell::new("the body is not JSON");
    let strict = Strict {
        depth: 0,
        fault: &fault,
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(fault.get()),
    }
}

fn form(body: &[u8]) -> Option<Map<String, Value>> {
    let params = Params::parse_form(body).ok()?;
    let marked = FORM_MARKS.iter().any(|name| params.get(name).is_some());
    marked.then(|| {
        params
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    })
}

/// Any JSON value, but no member twice (which of them would count?) and nothing too deep.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    fault: &'a Cell<&'static str>,
}

impl Strict<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(self.refuse("the body is nested too deep"));
        }
        Ok(Self { depth, ..self })
    }

    fn refuse<E: Error>(self, fault: &'static str) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inside)?;
            if members.insert(name, value).is_some() {
                return Err(self.refuse("the body names a member twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::read;

    #[test]
    fn json_and_forms_are_told_apart() {
        for body in [
            &br#"{"access_token":"a","x":""}"#[..],
            b"\xef\xbb\xbf \r\n{\"access_token\":\"a\",\"x\":\"\"}\n",
            b"access_token=a&x=",
            b"x=&access_token=%61\n",
        ] {
            let members = read(body).expect("understood");
            assert_eq!(members.get("access_token"), Some(&"a".into()));
        }
        for body in ["", "  ", "a=b", "error", "<html>?error=x", "[]", "\"x\""] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_oversized_is_refused_by_name() {
        let refused = |body: &str| read(body.as_bytes()).expect_err("refused");
        let twice = "the body names a member twice";
        assert_eq!(refused(r#"{"a":"1","a":"2"}"#), twice);
        assert_eq!(refused(r#"{"a":"1","\u0061":"2"}"#), twice);
        assert_eq!(refused(r#"{"x":[{"a":1,"a":1}]}"#), twice);
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
        assert_eq!(refused(&deep), "the body is nested too deep");
        assert_eq!(refused(r#"{"a":1} {}"#), "the body is not JSON");
        assert_eq!(refused(r#"{"a":"#), "the body is not JSON");
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(300_000));
        assert_eq!(refused(&large), "the body is too large");
        assert!(read(b"access_token=a&access_token=b").is_err());
        assert!(read(b"access_token=%zz").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn json_reads_as_it_is(texts in prop::collection::btree_map(".{0,8}", ".{0,8}", 0..6), number in any::<i64>()) {
            let mut whole: serde_json::Map<String, Value> = texts.into_iter().map(|(name, text)| (name, text.into())).collect();
            whole.insert("list".to_owned(), serde_json::json!([null, true, number, {"in": [0.5]}]));
            let body = Value::Object(whole.clone()).to_string();
            prop_assert_eq!(read(body.as_bytes()), Ok(whole));
        }
    }
}
