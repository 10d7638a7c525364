//! A web page, as far as a person with a program's patience reads it.

use gatepass_proto::Params;
use std::collections::BTreeMap;

/// What a page says and asks.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Its words, without the markup.
    pub(crate) text: String,
    /// Where its form is sent to, if it has one.
    pub(crate) action: Option<String>,
    /// Its form's fields: name, type, value.
    fields: Vec<[String; 3]>,
    /// Its form's buttons: name, value.
    buttons: Vec<[String; 2]>,
    /// The link that gives up.
    pub(crate) cancel: Option<String>,
}

/// What a person does with pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    Deny,
}

impl Page {
    pub(crate) fn read(html: &str) -> Self {
        let mut page = Self::default();
        for part in html.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap_or((part, ""));
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            let attributes = read_attributes(attributes);
            let value = |name: &str| attributes.get(name).cloned().unwrap_or_default();
            match name {
                "style" | "script" => continue,
                "form" => page.action = Some(value("action")),
                "input" => page
                    .fields
                    .push([value("name"), value("type"), value("value")]),
                "button" => page.buttons.push([value("name"), value("value")]),
                "a" if text.contains("Cancel") => page.cancel = Some(value("href")),
                _ => {}
            }
            page.text.push_str(&unescaped(text));
        }
        page.text = page.text.split_whitespace().collect::<Vec<_>>().join(" ");
        page
    }

    /// Whether the page wants to know who it is.
    pub(crate) fn asks_for_password(&self) -> bool {
        self.fields.iter().any(|[_, kind, _]| kind == "password")
    }

    /// The form as it is sent: what stands in it as it is, who it is, and the button that says the decision.
    pub(crate) fn filled(&self, decision: Decision, account: &str, password: &str) -> Params {
        let mut params = Params::new();
        for [name, kind, value] in self.fields.iter().filter(|[name, ..]| !name.is_empty()) {
            params.push(
                name,
                match (name.as_str(), kind.as_str()) {
                    ("login", _) => account,
                    (_, "password") => password,
                    _ => value,
                },
            );
        }
        let says = |[name, value]: &&[String; 2]| match decision {
            Decision::Allow => value == "allow",
            Decision::Deny => value == "deny" || name == "abort",
        };
        if let Some([name, value]) = self.buttons.iter().find(says) {
            params.push(name, value);
        }
        params
    }

    /// Whether the form has a button that says no.
    pub(crate) fn can_be_denied(&self) -> bool {
        self.buttons
            .iter()
            .any(|[name, value]| value == "deny" || name == "abort")
    }
}

fn read_attributes(mut text: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = text.find(|c: char| c.is_whitespace() || c == '=');
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        if name.is_empty() {
            return attributes;
        }
        let Some(rest) = rest.strip_prefix('=') else {
            attributes.insert(name.to_owned(), String::new());
            text = rest;
            continue;
        };
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest
                .split_once(|c: char| c.is_whitespace())
                .unwrap_or((rest, "")),
        };
        attributes.insert(name.to_owned(), unescaped(value));
        text = rest;
    }
}

fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
