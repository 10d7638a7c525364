//! Lays out JSON without changing it: members keep their order, numbers their digits.

/// The same JSON with one member a line, indented by four.
pub(super) fn json(text: &str) -> String {
    let mut laid = Laid::default();
    for c in text.chars() {
        laid.put(c);
    }
    laid.text
}

#[derive(Default)]
struct Laid {
    text: String,
    depth: usize,
    /// Inside text, and whether a backslash came just before.
    inside: Option<bool>,
    /// A bracket was just opened: nothing is in it yet.
    opened: bool,
}

impl Laid {
    fn put(&mut self, c: char) {
        if let Some(escaped) = self.inside {
            self.text.push(c);
            self.inside = (escaped || c != '"').then_some(c == '\\' && !escaped);
            return;
        }
        match c {
            c if c.is_ascii_whitespace() => {}
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                if !std::mem::take(&mut self.opened) {
                    self.new_line();
                }
                self.text.push(c);
            }
            c => {
                if std::mem::take(&mut self.opened) {
                    self.new_line();
                }
                self.text.push(c);
                match c {
                    '{' | '[' => {
                        self.depth += 1;
                        self.opened = true;
                    }
                    ',' => self.new_line(),
                    ':' => self.text.push(' '),
                    '"' => self.inside = Some(false),
                    _ => {}
                }
            }
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("    ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn order_and_digits_stay() {
        let text = r#"{"b": 1.50,"a":[1,{"x":"{\"y\\\": [,"}],"e":{},"f":[ ],"n":null}"#;
        let laid = r#"{
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
        assert_eq!(json(text), laid);
        let same: serde_json::Value = serde_json::from_str(&json(text)).expect("JSON");
        assert_eq!(
            same,
            serde_json::from_str::<serde_json::Value>(text).expect("JSON")
        );
    }

    #[test]
    fn brackets_that_do_not_match_do_no_harm() {
        assert_eq!(json("]]"), "\n]\n]");
    }
}
