//! As much of HTML as our own pages have: tags, attributes and character references.

/// An opening tag and the text right after it.
pub(super) struct Tag {
    /// Its name, in lower case.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    /// The text between it and the next one.
    pub(super) text: String,
}

impl Tag {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The opening tags of a page, in order.
pub(super) struct Tags<'a> {
    rest: &'a str,
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let (_, rest) = self.rest.split_once('<')?;
            self.rest = rest;
            if let Some(comment) = rest.strip_prefix("!--") {
                let (_, rest) = comment.split_once("-->")?;
                self.rest = rest;
            } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Some(self.tag());
            }
        }
    }
}

impl<'a> Tags<'a> {
    /// Those of this page.
    pub(super) fn of(html: &'a str) -> Self {
        Self { rest: html }
    }

    fn tag(&mut self) -> Tag {
        let name = self.until(|c| c.is_ascii_whitespace() || c == '>' || c == '/');
        let mut attributes = Vec::new();
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if self.rest.is_empty() || self.rest.starts_with('>') {
                break;
            }
            attributes.push(self.attribute());
        }
        self.rest = self.rest.strip_prefix('>').unwrap_or(self.rest);
        let text = self.rest.split('<').next().unwrap_or_default();
        Tag {
            name,
            attributes,
            text: unescaped(text.trim()),
        }
    }

    fn attribute(&mut self) -> (String, String) {
        let name = self.until(|c| c.is_ascii_whitespace() || c == '>' || c == '=');
        let Some(rest) = self.rest.strip_prefix('=') else {
            return (name, String::new());
        };
        self.rest = rest;
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (value, rest) = rest.split_once(quote).unwrap_or((rest, ""));
                self.rest = rest;
                return (name, unescaped(value));
            }
        }
        let value = self.until(|c| c.is_ascii_whitespace() || c == '>');
        (name, unescaped(&value))
    }

    /// What stands before the first character that `ends`; at least one character is taken.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> String {
        let mut chars = self.rest.char_indices();
        let end = chars
            .find(|(at, c)| *at > 0 && ends(*c))
            .map_or(self.rest.len(), |(at, _)| at);
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_ascii_lowercase()
    }
}

/// Text with its character references resolved, as far as templates write them.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let resolved = after
            .split_once(';')
            .and_then(|(name, after)| Some((reference(name)?, after)));
        match resolved {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
