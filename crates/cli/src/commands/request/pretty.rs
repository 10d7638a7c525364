//! Lays out JSON without changing it: members keep their order, numbers their digits.

use super::redact;
use crate::exit::Failure;

/// The deepest indentation; what is nested deeper is only broken into lines.
const DEEPEST: usize = 64;
/// So much is handed on at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// How JSON is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// In colours.
    pub(super) coloured: bool,
    /// With the values of members that are secrets by their names left out.
    pub(super) redacted: bool,
}

/// The same JSON with one member a line, indented by four, in pieces.
///
/// # Errors
///
/// Those of `sink`.
pub(super) fn json(
    text: &str,
    style: Style,
    mut sink: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut laid = Laid {
        style,
        ..Laid::default()
    };
    for token in (Tokens { rest: text }) {
        laid.put(token);
        if laid.text.len() >= PIECE {
            sink(&laid.text)?;
            laid.text.clear();
        }
    }
    if let Some(text) = laid.held.take() {
        laid.value(text, "32");
    }
    sink(&laid.text)
}

/// What JSON is made of.
enum Token<'a> {
    Open(char),
    Close(char),
    Comma,
    Colon,
    /// With its quotes.
    Text(&'a str),
    /// A number, `true`, `false`, `null`.
    Word(&'a str),
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace());
        let first = text.chars().next()?;
        let (token, len) = match first {
            '{' | '[' => (Token::Open(first), 1),
            '}' | ']' => (Token::Close(first), 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '"' => {
                let len = quoted(text);
                (Token::Text(text.get(..len)?), len)
            }
            _ => {
                let ends = |c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c);
                let len = text.find(ends).unwrap_or(text.len());
                (Token::Word(text.get(..len)?), len)
            }
        };
        self.rest = text.get(len..)?;
        Some(token)
    }
}

/// How long the text at the beginning is, its quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Laid<'a> {
    style: Style,
    text: String,
    depth: usize,
    /// A bracket was just opened: nothing is in it yet.
    opened: bool,
    /// A text that is a name if a colon comes next.
    held: Option<&'a str>,
    /// The value that comes next belongs to a name that tells of a secret.
    secret: bool,
}

impl<'a> Laid<'a> {
    fn put(&mut self, token: Token<'a>) {
        if let Some(text) = self.held.take() {
            if matches!(token, Token::Colon) {
                self.secret = redact::is_secret(text.trim_matches('"'));
                self.paint(text, "1;34");
                self.text.push_str(": ");
                return;
            }
            self.value(text, "32");
        }
        match token {
            Token::Close(bracket) => {
                self.depth = self.depth.saturating_sub(1);
                if !std::mem::take(&mut self.opened) {
                    self.new_line();
                }
                self.text.push(bracket);
                self.secret = false;
                return;
            }
            _ if std::mem::take(&mut self.opened) => self.new_line(),
            _ => {}
        }
        match token {
            Token::Open(bracket) => {
                self.text.push(bracket);
                self.depth += 1;
                self.opened = true;
            }
            Token::Comma => {
                self.text.push(',');
                self.new_line();
            }
            Token::Colon => self.text.push_str(": "),
            Token::Text(text) => self.held = Some(text),
            Token::Word(word) => {
                let number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                self.value(word, if number { "36" } else { "35" });
            }
            Token::Close(_) => {}
        }
    }

    fn value(&mut self, text: &str, colour: &str) {
        if self.style.redacted && self.secret && text != "null" {
            self.paint(redact::SHOWN_IN_JSON, colour);
        } else {
            self.paint(text, colour);
        }
    }

    fn paint(&mut self, text: &str, colour: &str) {
        if self.style.coloured {
            self.text.push_str(&format!("\x1b[{colour}m{text}\x1b[0m"));
        } else {
            self.text.push_str(text);
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        let depth = self.depth.min(DEEPEST);
        self.text.extend(std::iter::repeat_n("    ", depth));
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, json};

    fn laid(text: &str, style: Style) -> String {
        let mut whole = String::new();
        json(text, style, |piece| {
            whole.push_str(piece);
            Ok(())
        })
        .expect("nothing fails");
        whole
    }

    #[test]
    fn order_and_digits_stay() {
        let text = r#"{"b": 1.50,"a":[1,{"x":"{\"y\\\": [,"}],"e":{},"f":[ ],"n":null}"#;
        let expected = r#"{
    "b": 1.50,
    "a": [
        1,
        {
            "x": "{\"y\\\": [,"
        }
    ],
    "e": {},
    "f": [],
    "n": null
}"#;
        let laid = laid(text, Style::default());
        assert_eq!(laid, expected);
        let same: serde_json::Value = serde_json::from_str(&laid).expect("JSON");
        assert_eq!(
            same,
            serde_json::from_str::<serde_json::Value>(text).expect("JSON")
        );
    }

    #[test]
    fn scalars_stand_alone() {
        for text in ["1", "\"a\"", "null", "", "\"open"] {
            assert_eq!(laid(text, Style::default()), text);
        }
    }

    #[test]
    fn names_texts_numbers_and_words_differ() {
        let coloured = Style {
            coloured: true,
            ..Style::default()
        };
        let told = laid(r#"{"a":"b","c":-1,"d":true}"#, coloured);
        let plain = [
            "\x1b[1;34m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m",
            "\x1b[36m-1\x1b[0m",
            "\x1b[35mtrue\x1b[0m",
        ];
        for part in plain {
            assert!(told.contains(part), "{part:?}: {told:?}");
        }
    }

    #[test]
    fn secrets_are_left_out_by_their_names() {
        let redacted = Style {
            redacted: true,
            ..Style::default()
        };
        let text = r#"{"access_token":"hunter2","token_type":"Bearer","password":["hunter2",1],"a":{"code":7},"secret":null}"#;
        let told = laid(text, redacted);
        assert!(!told.contains("hunter2") && !told.contains('7'), "{told}");
        assert!(
            told.contains("\"Bearer\"") && told.contains("null"),
            "{told}"
        );
        assert!(
            serde_json::from_str::<serde_json::Value>(&told).is_ok(),
            "{told}"
        );
    }

    #[test]
    fn what_is_deep_does_not_grow_without_bound() {
        let deep = "[".repeat(10_000);
        assert!(laid(&deep, Style::default()).len() < 10_000 * (4 * 64 + 2));
        assert_eq!(laid("]]", Style::default()), "\n]\n]");
    }
}
