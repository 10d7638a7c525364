//! The items of a request, as HTTPie and xh have them.

use std::io::{self, Read as _};

use gatepass_client::Body;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::exit::Failure;

/// What `name=value` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A member of a JSON object.
    Json,
    /// A field of a form.
    Form,
}

/// Everything that the items say.
#[derive(Debug)]
pub(super) struct Items {
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    query: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    raw: Option<Vec<u8>>,
    kind: Kind,
}

/// The value of a field.
#[derive(Debug)]
enum Field {
    Text(String),
    /// JSON as it was written: numbers keep their digits.
    Json(String),
}

/// The separators; of those that begin at the same place the longest counts.
const SEPARATORS: [&str; 8] = [":=@", ":=", "==", "=@", "=", ":", ";", "@"];

impl Items {
    /// Reads the items.
    ///
    /// # Errors
    ///
    /// One of them makes no sense, or they do not go together.
    pub(super) fn read(items: &[String], kind: Kind) -> Result<Self, Failure> {
        let mut all = Self {
            headers: Vec::new(),
            query: Vec::new(),
            fields: Vec::new(),
            raw: None,
            kind,
        };
        for item in items {
            all.add(item)?;
        }
        if all.raw.is_some() && !all.fields.is_empty() {
            return Err(Failure::usage(
                "a body is either @FILE or made of fields, not both",
            ));
        }
        Ok(all)
    }

    /// The request that they make.
    ///
    /// # Errors
    ///
    /// The URL cannot be sent.
    pub(super) fn request(
        self,
        method: Option<Method>,
        mut url: Url,
    ) -> Result<Request<Body>, Failure> {
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url.set_fragment(None);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gatepass/", env!("CARGO_PKG_VERSION"))),
        );
        let body = self.body(&mut headers);
        for (name, value) in self.headers {
            match value {
                Some(value) => headers.insert(name, value),
                None => headers.remove(name),
            };
        }
        let method = method.unwrap_or(if body.is_some() {
            Method::POST
        } else {
            Method::GET
        });
        let body = body.map_or_else(Body::empty, Body::from);
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(body)
            .map_err(|error| Failure::usage(format!("{url}: {error}")))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn body(&self, headers: &mut HeaderMap) -> Option<Vec<u8>> {
        if let Some(raw) = &self.raw {
            // Most such bodies are JSON; what is not says so with a header.
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            return Some(raw.clone());
        }
        if self.fields.is_empty() {
            return None;
        }
        match self.kind {
            Kind::Json => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                headers.insert(
                    ACCEPT,
                    HeaderValue::from_static("application/json, */*;q=0.5"),
                );
                Some(self.json().into_bytes())
            }
            Kind::Form => {
                headers.insert(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                );
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, value) in &self.fields {
                    match value {
                        Field::Text(text) | Field::Json(text) => form.append_pair(name, text),
                    };
                }
                Some(form.finish().into_bytes())
            }
        }
    }

    /// The members in their order; of a name that comes twice the later value counts.
    fn json(&self) -> String {
        let mut members: Vec<(&str, String)> = Vec::new();
        for (name, value) in &self.fields {
            let value = match value {
                Field::Text(text) => Value::from(text.as_str()).to_string(),
                Field::Json(json) => json.clone(),
            };
            members.retain(|(known, _)| known != name);
            members.push((name, value));
        }
        let members = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(*name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    fn add(&mut self, item: &str) -> Result<(), Failure> {
        if let Some(path) = item.strip_prefix('@') {
            self.raw = Some(read_bytes(path)?);
            return Ok(());
        }
        let unclear = || {
            Failure::usage(format!(
                "{item:?} is no item; expected Name:value, name=value, name:=json, name==value or @FILE"
            ))
        };
        let (name, separator, value) = split(item).ok_or_else(unclear)?;
        match separator {
            ":" => {
                let value = (!value.is_empty())
                    .then(|| header_value(&name, &value))
                    .transpose()?;
                self.headers.push((header_name(&name)?, value));
            }
            ";" if value.is_empty() => self
                .headers
                .push((header_name(&name)?, Some(HeaderValue::from_static("")))),
            "==" => self.query.push((name, value)),
            "=" => self.fields.push((name, Field::Text(value))),
            "=@" => self.fields.push((name, Field::Text(read_text(&value)?))),
            ":=" | ":=@" if self.kind == Kind::Form => {
                return Err(Failure::usage(format!(
                    "{item:?}: a form has no JSON; use {name}=…"
                )));
            }
            ":=" => {
                let invalid = |error| {
                    Failure::usage(format!("{item:?}: what follows := is not JSON ({error})"))
                };
                self.fields
                    .push((name, checked_json(value).map_err(invalid)?));
            }
            ":=@" => {
                let invalid = |error| Failure::error(format!("{value}: not JSON ({error})"));
                self.fields
                    .push((name, checked_json(read_text(&value)?).map_err(invalid)?));
            }
            "@" => {
                return Err(Failure::usage(format!(
                    "{item:?}: files in forms are not supported yet"
                )));
            }
            _ => return Err(unclear()),
        }
        Ok(())
    }
}

/// Name, separator and value, split at the first separator without a backslash before it.
fn split(item: &str) -> Option<(String, &'static str, String)> {
    let mut name = String::new();
    let mut rest = item;
    loop {
        if let Some(escaped) = rest.strip_prefix('\\') {
            let mut chars = escaped.chars();
            match chars.next() {
                Some(c)
                    if SEPARATORS.iter().any(|separator| separator.starts_with(c)) || c == '\\' =>
                {
                    name.push(c)
                }
                Some(c) => name.extend(['\\', c]),
                None => return None,
            }
            rest = chars.as_str();
            continue;
        }
        if let Some(separator) = SEPARATORS
            .into_iter()
            .find(|separator| rest.starts_with(separator))
        {
            let value = rest.strip_prefix(separator).unwrap_or_default();
            return (!name.is_empty()).then(|| (name, separator, value.to_owned()));
        }
        let mut chars = rest.chars();
        name.push(chars.next()?);
        rest = chars.as_str();
    }
}

fn header_name(name: &str) -> Result<HeaderName, Failure> {
    name.parse()
        .map_err(|_| Failure::usage(format!("{name:?} is not a header name")))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(value.trim());
    value.map_err(|_| {
        Failure::usage(format!(
            "the value of header {name} has characters that are not allowed"
        ))
    })
}

/// A file, or standard input for `-`.
fn read_bytes(path: &str) -> Result<Vec<u8>, Failure> {
    if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|error| Failure::error(format!("{path}: {error}")))
}

fn read_text(path: &str) -> Result<String, Failure> {
    let text = String::from_utf8(read_bytes(path)?);
    text.map_err(|_| Failure::error(format!("{path}: expected UTF-8 text")))
}

fn checked_json(text: String) -> Result<Field, serde_json::Error> {
    serde_json::from_str::<serde::de::IgnoredAny>(&text)?;
    Ok(Field::Json(text))
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
