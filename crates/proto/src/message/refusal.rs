use serde_json::{Map, Value, json};

use super::known::KnownSecrets;
use super::members;
use super::quirks::Quirks;
use super::said::clean;
use crate::OAuthError;

/// An error answer, as a client meets it: the codes of other servers are not ours to list.
///
/// All of it is fit to be shown: bounded, on one line, what looks like a credential struck out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorResponse {
    /// `error`, or the code that the server has in its place; its sentence, where it has no code.
    pub error: String,
    /// `error_description`, or what the server has in its place.
    pub description: Option<String>,
    /// `error_uri`: a page about it.
    pub error_uri: Option<String>,
}

/// RFC 6749 §5.2: only a new login helps.
const INVALID_GRANT: &str = "invalid_grant";
/// Where servers have their code, inside an `error` or `errors` of their own making.
const CODES: [&str; 6] = ["error", "code", "errorCode", "status", "errorType", "type"];
/// Where servers have their sentence.
const SENTENCES: [&str; 9] = [
    "error_description",
    "errorDescription",
    "errorSummary",
    "error_message",
    "message",
    "detail",
    "reason",
    "description",
    "title",
];
/// Where servers say what an error is about.
const SUBJECTS: [&str; 2] = ["resource", "field"];
/// The longest code, in bytes; what is longer is a sentence.
const MAX_CODE: usize = 64;

impl ErrorResponse {
    /// Reads the body of an answer, JSON or form; `None` when it does not call itself an error.
    ///
    /// The standard's form (RFC 6749 §5.2) is read, and so are those that real servers have: `error` as an object
    /// (Google, Facebook), a list `errors` (Fitbit, Strava), `"ok": false` (Slack). The status does not count, for
    /// some send their errors with 200.
    pub fn parse(body: &[u8]) -> Option<Self> {
        Self::parse_by(body, &Quirks::default())
    }

    /// As [`ErrorResponse::parse`], from a server with these quirks: what it says for `invalid_grant` becomes that
    /// code, and its own word goes before the description.
    pub fn parse_by(body: &[u8], quirks: &Quirks) -> Option<Self> {
        let own = Self::of(&members::read(body).ok()?, false, &KnownSecrets::default())?;
        Some(own.in_the_standards_words(quirks))
    }

    /// As [`ErrorResponse::parse_by`], for an answer that is known to be an error by its status: there a bare
    /// `message`, or whatever the sentence is called, is enough. The secrets that its request had are struck out of it.
    pub fn parse_failure(body: &[u8], quirks: &Quirks, known: &KnownSecrets) -> Option<Self> {
        let own = Self::of(&members::read(body).ok()?, true, known)?;
        Some(own.in_the_standards_words(quirks))
    }

    /// The description, and the page where there is one.
    pub fn explanation(&self) -> Option<String> {
        match (&self.description, &self.error_uri) {
            (Some(description), Some(page)) => Some(format!("{description} (see {page})")),
            (None, Some(page)) => Some(format!("see {page}")),
            (description, None) => description.clone(),
        }
    }

    /// What this server says for `invalid_grant` becomes that.
    fn in_the_standards_words(self, quirks: &Quirks) -> Self {
        let means = |text: &str| {
            let mut known = quirks.invalid_grant.iter();
            known.any(|known| known.eq_ignore_ascii_case(text))
        };
        if self.error == INVALID_GRANT
            || !(means(&self.error) || self.description.as_deref().is_some_and(means))
        {
            return self;
        }
        let description = match self.description {
            Some(description) => format!("{}: {description}", self.error),
            None => self.error,
        };
        Self {
            error: INVALID_GRANT.to_owned(),
            description: Some(description),
            error_uri: self.error_uri,
        }
    }

    fn of(members: &Map<String, Value>, failed: bool, known: &KnownSecrets) -> Option<Self> {
        let nested = members.get("error").and_then(Value::as_object);
        let errors = members.get("errors").and_then(Value::as_array);
        let first = errors.and_then(|errors| errors.first());
        let listed = first.and_then(Value::as_object);
        let is = |name: &str, value| members.get(name) == Some(&Value::Bool(value));
        let code = text(members, "error")
            .or_else(|| nested.and_then(code))
            .or_else(|| listed.and_then(code));
        let sentence = sentence(members)
            .or_else(|| nested.and_then(sentence))
            .or_else(|| listed.and_then(sentence))
            .or_else(|| first.and_then(Value::as_str));
        let marked = code.is_some()
            || nested.is_some()
            || first.is_some()
            || is("error", true)
            || is("ok", false)
            || is("success", false);
        if !(marked || (failed && sentence.is_some())) {
            return None;
        }
        let code = code.or_else(|| self::code(members));
        let description = match (sentence, listed.and_then(subject)) {
            (Some(sentence), Some(subject)) => Some(format!("{sentence} ({subject})")),
            (sentence, subject) => sentence.map(str::to_owned).or(subject),
        };
        let (error, description) = match (code, description) {
            (Some(code), description) => (code.to_owned(), description),
            (None, Some(description)) => (description, None),
            (None, None) => ("an error without a name".to_owned(), None),
        };
        let page = text(members, "error_uri").filter(|uri| uri.starts_with("http"));
        Some(Self {
            error: clean(&error, known),
            description: description.map(|text| clean(&text, known)),
            error_uri: page.map(|text| clean(text, known)),
        })
    }
}

impl OAuthError {
    /// Writes the JSON body of a direct answer (RFC 6749 §5.2).
    pub fn to_json(&self) -> Value {
        json!({ "error": self.code().as_str(), "error_description": self.description() })
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = members.get(name)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn code(members: &Map<String, Value>) -> Option<&str> {
    let is_word = |text: &&str| text.len() <= MAX_CODE && !text.contains([' ', ':', '/']);
    CODES
        .iter()
        .filter_map(|name| text(members, name))
        .find(is_word)
}

fn sentence(members: &Map<String, Value>) -> Option<&str> {
    SENTENCES.iter().find_map(|name| text(members, name))
}

fn subject(members: &Map<String, Value>) -> Option<String> {
    let words: Vec<&str> = SUBJECTS
        .iter()
        .filter_map(|name| text(members, name))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests;
