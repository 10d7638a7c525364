//! The items of a request, as HTTPie and xh have them.

use std::io;

use gatepass_client::{Content, Part};
use http::header::{HeaderName, HeaderValue};

use crate::exit::Failure;

/// The longest value that is read from a file, in bytes. Bodies, and files of forms, have no limit.
const MAX_VALUE: u64 = 8 * 1024 * 1024;

/// What `name=value` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A member of a JSON object.
    Json,
    /// A field of a form; with files the form is a multipart one.
    Form,
    /// A part of a multipart form.
    Multipart,
}

/// Everything that the items say.
pub(super) struct Items {
    pub(super) headers: Vec<(HeaderName, Option<HeaderValue>)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) fields: Vec<(String, Field)>,
    /// A body as it is, and the name of its file.
    pub(super) raw: Option<(String, Content)>,
    pub(super) kind: Kind,
    /// Standard input was read; there is only one.
    stdin: bool,
}

/// The value of a field.
pub(super) enum Field {
    Text(String),
    /// JSON as it was written: numbers keep their digits.
    Json(String),
    /// A file of a form.
    File(Part),
}

/// The separators; of those that begin at the same place the longest counts.
const SEPARATORS: [&str; 10] = [":=@", "==@", ":=", "==", "=@", ":@", "=", ":", ";", "@"];

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
            stdin: false,
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

    fn add(&mut self, item: &str) -> Result<(), Failure> {
        if let Some(path) = item.strip_prefix('@') {
            if self.raw.is_some() {
                return Err(Failure::usage("a request has one body; @FILE came twice"));
            }
            self.raw = Some((path.to_owned(), self.open(path)?));
            return Ok(());
        }
        let unclear = || {
            Failure::usage(format!(
                "{item:?} is no item; expected Name:value, name=value, name:=json, name==value, name@FILE or @FILE"
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
            ":@" => {
                let value = header_value(&name, &self.text(&value)?)?;
                self.headers.push((header_name(&name)?, Some(value)));
            }
            ";" if value.is_empty() => self
                .headers
                .push((header_name(&name)?, Some(HeaderValue::from_static("")))),
            "==" => self.query.push((name, value)),
            "==@" => {
                let value = self.text(&value)?;
                self.query
                    .push((name, value.trim_end_matches(['\r', '\n']).to_owned()));
            }
            "=" => self.fields.push((name, Field::Text(value))),
            "=@" => {
                let text = self.text(&value)?;
                self.fields.push((name, Field::Text(text)));
            }
            ":=" | ":=@" if self.kind != Kind::Json => {
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
                let text = self.text(&value)?;
                self.fields
                    .push((name, checked_json(text).map_err(invalid)?));
            }
            "@" if self.kind == Kind::Json => {
                return Err(Failure::usage(format!(
                    "{item:?}: a file is sent in a form; add --form (its text in JSON is {name}=@FILE)"
                )));
            }
            "@" => {
                let field = self.file(&value)?;
                self.fields.push((name, field));
            }
            _ => return Err(unclear()),
        }
        Ok(())
    }

    /// `FILE[;type=TYPE][;filename=NAME]`
    fn file(&mut self, value: &str) -> Result<Field, Failure> {
        let (mut path, mut kind, mut name) = (value, None, None);
        while let Some((rest, option)) = path.rsplit_once(';') {
            match option.split_once('=') {
                Some(("type", text)) if kind.is_none() => kind = Some(text.to_owned()),
                Some(("filename", text)) if name.is_none() => name = Some(text.to_owned()),
                _ => break,
            }
            path = rest;
        }
        if kind
            .as_deref()
            .is_some_and(|kind| HeaderValue::from_str(kind).is_err())
        {
            return Err(Failure::usage(format!(
                "{value:?}: the type has characters that are not allowed"
            )));
        }
        let mut part = match path {
            "-" => Part::from(self.open(path)?).kind("application/octet-stream"),
            path => Part::open(path).map_err(unreadable)?,
        };
        if let Some(kind) = kind {
            part = part.kind(kind);
        }
        if let Some(name) = name {
            part = part.file_name(name);
        }
        Ok(Field::File(part))
    }

    /// A file, or standard input for `-`.
    fn open(&mut self, path: &str) -> Result<Content, Failure> {
        let opened = match path {
            "-" if std::mem::replace(&mut self.stdin, true) => {
                return Err(Failure::usage("standard input can be read once only"));
            }
            "-" => Content::stdin(),
            path => Content::open(path),
        };
        opened.map_err(unreadable)
    }

    /// The text of a file, or of standard input for `-`.
    fn text(&mut self, path: &str) -> Result<String, Failure> {
        let read = self.open(path)?.into_bytes(MAX_VALUE);
        let bytes = read.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Failure::error(format!(
                "{path}: too long for a value; send it as a body with @FILE"
            )),
            _ => unreadable(error),
        })?;
        let text = String::from_utf8(bytes.into());
        text.map_err(|_| Failure::error(format!("{path}: expected UTF-8 text")))
    }
}

/// The library has named the file already.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn unreadable(error: io::Error) -> Failure {
    Failure::error(error.to_string())
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

fn checked_json(text: String) -> Result<Field, serde_json::Error> {
    serde_json::from_str::<serde::de::IgnoredAny>(&text)?;
    Ok(Field::Json(text))
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;
