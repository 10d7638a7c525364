//! Texts and statements as PostgreSQL takes them.

use std::borrow::Cow;

/// A text as it stands in a column. PostgreSQL has no NUL in a text, and whoever asks for a user of such a name is to
/// hear that there is none, as from every other backend. The order of texts stays as it was.
pub(super) fn written(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\u{1}']) {
        Cow::Owned(text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`written`] wrote.
pub(super) fn read(text: &str) -> Cow<'_, str> {
    if text.contains('\u{1}') {
        Cow::Owned(text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A statement whose question marks are numbered from `first` on; gives back the next number too.
pub(super) fn numbered(statement: &str, first: usize) -> (String, usize) {
    // A name that is taken fails the statement here, which is told apart where it runs.
    let statement = statement.replacen("UPDATE OR IGNORE", "UPDATE", 1);
    let mut parts = statement.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut next = first;
    for part in parts {
        text.push_str(&format!("${next}{part}"));
        next += 1;
    }
    (text, next)
}

#[cfg(test)]
mod tests {
    use super::{numbered, read, written};

    #[test]
    fn every_text_comes_back_and_keeps_its_place() {
        let mut texts = [
            "",
            "\0",
            "\0\0",
            "\0a",
            "\x001",
            "\u{1}",
            "\u{1}\0",
            "\u{1}0",
            "\u{1}1",
            "\u{1}\u{1}",
            "\u{2}",
            "0",
            "a\0",
            "ä",
        ];
        texts.sort_unstable();
        let columns = texts.map(written);
        assert!(columns.is_sorted_by(|one, next| one < next), "{columns:?}");
        for (text, column) in texts.into_iter().zip(columns) {
            assert!(!column.contains('\0'));
            assert_eq!(read(&column), text);
        }
    }

    #[test]
    fn question_marks_are_numbered() {
        let (text, next) = numbered("SELECT ? WHERE a = ? - 1", 3);
        assert_eq!((text.as_str(), next), ("SELECT $3 WHERE a = $4 - 1", 5));
    }
}
