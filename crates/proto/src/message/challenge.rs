//! `WWW-Authenticate` (RFC 9110 §11.6.1): a list of challenges, several to a line or a line each.

use std::fmt;

/// The longest header value that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;
/// The most challenges, and the most parameters of one.
const MAX_ITEMS: usize = 32;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, as written; compare it with [`Challenge::is`].
    pub scheme: String,
    /// Parameters in order, or nothing.
    pub params: Vec<(String, String)>,
    /// The single token some schemes send in place of parameters.
    pub token68: Option<String>,
}

impl Challenge {
    /// A challenge of this scheme without parameters.
    pub fn new(scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            params: Vec::new(),
            token68: None,
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.push((name.to_owned(), value.into()));
        self
    }

    /// Whether it is of this scheme; schemes have no case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first value of a parameter; names have no case.
    pub fn param(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .params
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Reads one header value. What cannot be read ends the list: the challenges before it are kept, for a
    /// client can still use them.
    pub fn parse_list(value: &str) -> Vec<Self> {
        let mut reader = Reader {
            rest: value.split_at(value.floor_char_boundary(MAX_LEN)).0,
        };
        let mut list = Vec::new();
        while list.len() < MAX_ITEMS {
            reader.skip_commas();
            let Some(challenge) = reader.challenge() else {
                break;
            };
            list.push(challenge);
        }
        list
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scheme)?;
        if let Some(token) = &self.token68 {
            return write!(f, " {token}");
        }
        for (index, (name, value)) in self.params.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{name}=\"")?;
            for c in value.chars().filter(|c| !c.is_control()) {
                if matches!(c, '"' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn challenge(&mut self) -> Option<Challenge> {
        let scheme = self.token()?;
        let mut challenge = Challenge::new(scheme);
        if !self.rest.starts_with(' ') {
            return Some(challenge);
        }
        self.skip_space();
        if let Some(token) = self.token68() {
            challenge.token68 = Some(token.to_owned());
            return Some(challenge);
        }
        while challenge.params.len() < MAX_ITEMS {
            let Some((name, value)) = self.param() else {
                break;
            };
            challenge.params.push((name, value));
        }
        Some(challenge)
    }

    /// A `name=value` after any commas; leaves the reader where it was when what follows is none, for then
    /// it is the next challenge's scheme.
    fn param(&mut self) -> Option<(String, String)> {
        let start = self.rest;
        self.skip_commas();
        let found = self.name_value();
        if found.is_none() {
            self.rest = start;
        }
        found
    }

    fn name_value(&mut self) -> Option<(String, String)> {
        let name = self.token()?.to_owned();
        self.skip_space();
        self.rest = self.rest.strip_prefix('=')?;
        self.skip_space();
        let value = if self.rest.starts_with('"') {
            self.quoted()?
        } else {
            self.token()?.to_owned()
        };
        Some((name, value))
    }

    fn quoted(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest.strip_prefix('"')?.char_indices();
        let inside = self.rest.get(1..)?;
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = inside.get(at + 1..)?;
                    return Some(out);
                }
                '\\' => out.push(chars.next()?.1),
                c => out.push(c),
            }
        }
        None
    }

    /// A `token68` is told from a parameter by what follows it: the end or a comma.
    fn token68(&mut self) -> Option<&'a str> {
        let body = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        let end = self
            .rest
            .bytes()
            .position(|b| !body(b))
            .unwrap_or(self.rest.len());
        let pad = self
            .rest
            .get(end..)?
            .bytes()
            .take_while(|b| *b == b'=')
            .count();
        let (token, after) = self.rest.split_at_checked(end + pad)?;
        let after = after.trim_start_matches([' ', '\t']);
        if end == 0 || !(after.is_empty() || after.starts_with(',')) {
            return None;
        }
        self.rest = after;
        Some(token)
    }

    fn token(&mut self) -> Option<&'a str> {
        let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let end = self
            .rest
            .bytes()
            .position(|b| !tchar(b))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn skip_commas(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Challenge;

    #[test]
    fn several_schemes_on_one_line() {
        let list = Challenge::parse_list(
            r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
        );
        assert_eq!(
            list,
            [
                Challenge::new("Newauth")
                    .with("realm", "apps")
                    .with("type", "1")
                    .with("title", "Login to \"apps\""),
                Challenge::new("Basic").with("realm", "simple"),
            ]
        );
    }

    #[test]
    fn bare_schemes_tokens_and_stray_commas() {
        let list =
            Challenge::parse_list(",, Negotiate , NTLM abc== ,Bearer error = \"invalid_token\" ,");
        assert_eq!(list.len(), 3);
        assert!(list[0].is("negotiate") && list[0].params.is_empty());
        assert_eq!(list[1].token68.as_deref(), Some("abc=="));
        assert_eq!(list[2].param("ERROR"), Some("invalid_token"));
    }

    #[test]
    fn what_is_broken_ends_the_list() {
        let list = Challenge::parse_list(r#"Basic realm="a", Bearer scope="open"#);
        assert!(list[0].is("basic"));
        assert!(
            list.iter()
                .all(|challenge| challenge.param("scope").is_none())
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            items in prop::collection::vec(("[A-Za-z]{1,8}", prop::collection::vec(("[a-z_]{1,8}", "\\P{Cc}{0,20}"), 0..4)), 0..5)
        ) {
            let list: Vec<Challenge> = items
                .into_iter()
                .map(|(scheme, params)| Challenge { scheme, params, token68: None })
                .collect();
            let text = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(Challenge::parse_list(&text), list);
        }

        #[test]
        fn any_text_is_survived(value in ".*") {
            prop_assert!(Challenge::parse_list(&value).len() <= 32);
        }
    }
}
