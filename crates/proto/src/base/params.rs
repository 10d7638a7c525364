use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;
use serde::de::{MapAccess, Visitor};
use zeroize::Zeroize;

/// The most parameters accepted in one message.
const MAX_COUNT: usize = 64;
/// The longest name accepted, in bytes.
const MAX_NAME: usize = 128;
/// The longest value accepted, in bytes.
const MAX_VALUE: usize = 16 * 1024;
/// The only parameters that may be sent more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The parameters of a form body or a query (`application/x-www-form-urlencoded`).
///
/// Reading is strict: a parameter sent twice, bytes that are not UTF-8, a broken percent escape or an
/// oversized name, value or count are refused. A parameter with an empty value counts as omitted
/// (RFC 6749 §3.1). Printing shows names only, for values may be secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Why parameters could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// RFC 6749 §3.1 and §3.2: parameters must not be included more than once.
    #[error("parameter {0:?} is sent more than once")]
    Duplicate(String),
    /// A `%` that two hexadecimal digits do not follow.
    #[error("percent-encoding is broken")]
    Escape,
    /// Bytes that are not UTF-8.
    #[error("parameters are not UTF-8")]
    Encoding,
    /// Too many parameters, or one that is too long.
    #[error("too many parameters, or one is too long")]
    TooLarge,
    /// A JSON body that is not one object of strings.
    #[error("body is not a JSON object whose members are strings")]
    Json,
}

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a form body or a query string (without the `?`).
    ///
    /// # Errors
    ///
    /// See [`ParamsError`].
    pub fn parse_form(input: &[u8]) -> Result<Self, ParamsError> {
        let mut params = Self::new();
        for pair in input
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            params.admit(name, value)?;
        }
        Ok(params)
    }

    /// Reads a JSON object of strings, the older habit of sending the token request as JSON.
    ///
    /// # Errors
    ///
    /// See [`ParamsError`].
    pub fn parse_json(input: &[u8]) -> Result<Self, ParamsError> {
        let mut fault = None;
        let mut reader = serde_json::Deserializer::from_slice(input);
        let params =
            serde::Deserializer::deserialize_map(&mut reader, JsonVisitor { fault: &mut fault })
                .and_then(|params| reader.end().map(|()| params));
        params.map_err(|_| fault.unwrap_or(ParamsError::Json))
    }

    /// The value of `name`; `None` when it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .0
            .iter()
            .find(|(own, value)| own == name && !value.is_empty())?;
        Some(value)
    }

    /// Every non-empty value of `name`; more than one only for `resource` and `audience`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, value)| own == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Adds a parameter to a message that is being written.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a parameter if there is a value for it.
    pub fn push_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    /// Whether no parameter is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Writes a form body or query string.
    pub fn to_form(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }

    /// Appends the parameters to the query of `uri`, which may have one already (RFC 6749 §3.1.2).
    pub fn append_to(&self, uri: &str) -> String {
        let (base, fragment) = uri
            .split_once('#')
            .map_or((uri, None), |(base, f)| (base, Some(f)));
        let join = if !base.contains('?') {
            "?"
        } else if base.ends_with(['?', '&']) {
            ""
        } else {
            "&"
        };
        let mut out = format!("{base}{join}{}", self.to_form());
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(fragment);
        }
        out
    }

    fn admit(&mut self, name: String, value: String) -> Result<(), ParamsError> {
        if name.len() > MAX_NAME || value.len() > MAX_VALUE || self.0.len() >= MAX_COUNT {
            return Err(ParamsError::TooLarge);
        }
        if !REPEATABLE.contains(&name.as_str()) && self.0.iter().any(|(own, _)| *own == name) {
            return Err(ParamsError::Duplicate(name));
        }
        self.0.push((name, value));
        Ok(())
    }
}

fn decode(raw: &[u8]) -> Result<String, ParamsError> {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                rest = rest.get(at + 3..).unwrap_or_default();
            }
            _ => return Err(ParamsError::Escape),
        }
    }
    let spaced: Vec<u8> = raw
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| ParamsError::Encoding)
}

impl Drop for Params {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params")?;
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

struct JsonVisitor<'a> {
    fault: &'a mut Option<ParamsError>,
}

impl<'de> Visitor<'de> for JsonVisitor<'_> {
    type Value = Params;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose members are strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
        let mut params = Params::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, Cow<'de, str>>()? {
            if let Err(error) = params.admit(name.into_owned(), value.into_owned()) {
                let text = error.to_string();
                *self.fault = Some(error);
                return Err(serde::de::Error::custom(text));
            }
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Params, ParamsError};

    #[test]
    fn duplicates_are_refused_by_name() {
        assert_eq!(
            Params::parse_form(b"a=1&b=2&a=1"),
            Err(ParamsError::Duplicate("a".into()))
        );
        assert_eq!(
            Params::parse_form(b"a=1&%61=2"),
            Err(ParamsError::Duplicate("a".into()))
        );
        assert_eq!(
            Params::parse_json(br#"{"a":"1","a":"2"}"#),
            Err(ParamsError::Duplicate("a".into()))
        );
    }

    #[test]
    fn resource_may_repeat() {
        let params = Params::parse_form(b"resource=x&resource=y").expect("allowed by RFC 8707");
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
    }

    #[test]
    fn an_empty_value_counts_as_omitted() {
        let params = Params::parse_form(b"scope=&state=x&flag").expect("well formed");
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.get("flag"), None);
        assert_eq!(params.get("state"), Some("x"));
    }

    #[test]
    fn broken_input_is_refused() {
        assert_eq!(Params::parse_form(b"a=%f"), Err(ParamsError::Escape));
        assert_eq!(Params::parse_form(b"a=%zz"), Err(ParamsError::Escape));
        assert_eq!(Params::parse_form(b"a=%ff"), Err(ParamsError::Encoding));
        assert_eq!(Params::parse_form(b"a=\xff"), Err(ParamsError::Encoding));
        assert_eq!(Params::parse_json(br#"{"a":1}"#), Err(ParamsError::Json));
        assert_eq!(
            Params::parse_json(br#"{"a":"1"} x"#),
            Err(ParamsError::Json)
        );
        assert_eq!(Params::parse_json(b"[]"), Err(ParamsError::Json));
        let many = (0..100).map(|n| format!("p{n}=&")).collect::<String>();
        assert_eq!(
            Params::parse_form(many.as_bytes()),
            Err(ParamsError::TooLarge)
        );
        let long = format!("a={}", "x".repeat(20_000));
        assert_eq!(
            Params::parse_form(long.as_bytes()),
            Err(ParamsError::TooLarge)
        );
    }

    #[test]
    fn values_do_not_print() {
        let params = Params::parse_form(b"password=hunter2").expect("well formed");
        assert_eq!(format!("{params:?}"), r#"Params["password"]"#);
    }

    #[test]
    fn a_query_that_is_there_is_kept() {
        let mut params = Params::new();
        params.push("code", "a b");
        assert_eq!(params.append_to("https://h/cb"), "https://h/cb?code=a+b");
        assert_eq!(
            params.append_to("https://h/cb?x=1"),
            "https://h/cb?x=1&code=a+b"
        );
        assert_eq!(params.append_to("https://h/cb?"), "https://h/cb?code=a+b");
        assert_eq!(
            params.append_to("https://h/cb#f"),
            "https://h/cb?code=a+b#f"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(".{0,40}", 0..12)) {
            let mut params = Params::new();
            for (n, value) in values.iter().enumerate() {
                params.push(format!("p{n}"), value.clone());
            }
            prop_assert_eq!(Params::parse_form(params.to_form().as_bytes()), Ok(params));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Params::parse_form(&bytes);
            let _ = Params::parse_json(&bytes);
        }
    }
}
