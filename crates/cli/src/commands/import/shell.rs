//! The words of a command line as a POSIX shell reads them, with the `$'…'` that browsers write; nothing is expanded or
//! run.

use zeroize::Zeroizing;

/// Stands before and after the name of a variable that the shell would look up. No argument can hold it.
pub(super) const VARIABLE: char = '\0';

/// Splits a command line, up to the first pipe, redirection or semicolon.
///
/// # Errors
///
/// A quote is never closed, or the shell would run something to know a word.
pub(super) fn words(line: &str) -> Result<Vec<Zeroizing<String>>, String> {
    let mut reader = Reader {
        rest: line,
        words: Vec::new(),
        word: None,
    };
    reader.read()?;
    Ok(reader.words)
}

struct Reader<'a> {
    rest: &'a str,
    words: Vec<Zeroizing<String>>,
    word: Option<Zeroizing<String>>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            match c {
                VARIABLE => return Err("expected text".to_owned()),
                c if c.is_whitespace() => self.words.extend(self.word.take()),
                '|' | '&' | ';' | '<' | '>' => break,
                '#' if self.word.is_none() => break,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some('\r') if self.rest.starts_with('\n') => {
                        self.next();
                    }
                    Some(c) => self.push(c),
                },
                '\'' => self.until_quote()?,
                '"' => self.until_double_quote()?,
                '$' if self.rest.starts_with('\'') => {
                    self.next();
                    self.until_ansi_quote()?;
                }
                '$' => self.variable()?,
                '`' => return Err(running()),
                c => self.push(c),
            }
        }
        self.words.extend(self.word.take());
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn until_quote(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.next().ok_or_else(open)? {
                '\'' => return Ok(()),
                VARIABLE => return Err("expected text".to_owned()),
                c => self.push(c),
            }
        }
    }

    fn until_double_quote(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.next().ok_or_else(open)? {
                '"' => return Ok(()),
                '\\' => match self.next().ok_or_else(open)? {
                    '\n' => {}
                    c @ ('"' | '\\' | '$' | '`') => self.push(c),
                    c => {
                        self.push('\\');
                        self.push(c);
                    }
                },
                '$' => self.variable()?,
                '`' => return Err(running()),
                VARIABLE => return Err("expected text".to_owned()),
                c => self.push(c),
            }
        }
    }

    /// `$'…'`, with the escapes of C.
    fn until_ansi_quote(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.next().ok_or_else(open)? {
                '\'' => return Ok(()),
                '\\' => match self.next().ok_or_else(open)? {
                    'n' => self.push('\n'),
                    'r' => self.push('\r'),
                    't' => self.push('\t'),
                    'x' => self.number(16, 2)?,
                    'u' => self.number(16, 4)?,
                    'U' => self.number(16, 8)?,
                    c => self.push(c),
                },
                VARIABLE => return Err("expected text".to_owned()),
                c => self.push(c),
            }
        }
    }

    fn number(&mut self, radix: u32, most: usize) -> Result<(), String> {
        let digits: String = self
            .rest
            .chars()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .collect();
        self.rest = self.rest.get(digits.len()..).unwrap_or_default();
        let c = u32::from_str_radix(&digits, radix)
            .ok()
            .and_then(char::from_u32);
        match c.filter(|c| *c != VARIABLE) {
            Some(c) => {
                self.push(c);
                Ok(())
            }
            None => Err("a backslash in $'…' is followed by no character".to_owned()),
        }
    }

    /// `$NAME` or `${NAME}`, marked; any other dollar is a dollar.
    fn variable(&mut self) -> Result<(), String> {
        if self.rest.starts_with('(') {
            return Err(running());
        }
        let braces = self.rest.strip_prefix('{');
        let text = braces.unwrap_or(self.rest);
        let len = text
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        let (name, after) = text.split_at(len);
        let after = match braces {
            Some(_) => after
                .strip_prefix('}')
                .ok_or("${…} with more than a name in it is not read here")?,
            None => after,
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.push('$');
            return Ok(());
        }
        let word = self.word.get_or_insert_default();
        word.push(VARIABLE);
        word.push_str(name);
        word.push(VARIABLE);
        self.rest = after;
        Ok(())
    }
}

fn open() -> String {
    "a quote is never closed".to_owned()
}

fn running() -> String {
    "a command in $(…) or `…` is not run here; put its outcome in its place, or use --secret-command".to_owned()
}

#[cfg(test)]
mod tests {
    use super::words;

    fn told(line: &str) -> Vec<String> {
        let words = words(line).expect(line);
        words.iter().map(|word| word.to_string()).collect()
    }

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(
            told("curl 'a b'\"c \\\"d\\x\" \\\n  -H e\\ f \"\" x''y | jq ."),
            ["curl", "a bc \"d\\x", "-H", "e f", "", "xy"]
        );
        assert_eq!(told(r"$'a\'b\n\u00fc\x41'"), ["a'b\nüA"]);
        assert_eq!(told("a#b c # d"), ["a#b", "c"]);
        assert_eq!(told("curl x\\\r\n y"), ["curl", "x", "y"]);
        assert_eq!(told("a&&b"), ["a"]);
        assert!(told("   ").is_empty());
    }

    #[test]
    fn variables_are_marked_where_the_shell_would_look_them_up() {
        assert_eq!(
            told("\"Bearer $T_1.\" ${X}y"),
            ["Bearer \0T_1\0.", "\0X\0y"]
        );
        assert_eq!(
            told(r#"'$T' \$T "\$T" $ $5"#),
            ["$T", "$T", "$T", "$", "$5"]
        );
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        for line in [
            "'a", "\"a", "$'a", "\"a\\", "$(x)", "\"`x`\"", "${x:-y}", "${x", r"$'\x'", r"$'\x00'",
            "a\0b",
        ] {
            assert!(words(line).is_err(), "{line:?}");
        }
    }
}
