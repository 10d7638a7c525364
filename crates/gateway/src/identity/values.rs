//! The values of headers, in which nothing can be hidden.

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What is written as itself: visible ASCII, but for `%`, by which the rest is written, and the comma, which separates.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',');

/// The text of a header: percent-encoded UTF-8 (RFC 3986 §2.1) where it is no visible ASCII, and `%`, `,` and spaces too.
pub(super) fn text(text: &str) -> Option<HeaderValue> {
    let encoded = utf8_percent_encode(text, ENCODED).to_string();
    HeaderValue::try_from(encoded).ok()
}

/// A list with a comma between each two.
pub(super) fn list(texts: &[&str]) -> Option<HeaderValue> {
    let encoded = texts
        .iter()
        .map(|text| utf8_percent_encode(text, ENCODED).to_string());
    let encoded: Vec<String> = encoded.collect();
    HeaderValue::try_from(encoded.join(",")).ok()
}

/// Scope tokens with a space between each two; they have no other signs than visible ASCII (RFC 6749 §3.3).
pub(super) fn scope(scope: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(scope).ok()
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::{list, text};

    #[test]
    fn nothing_can_be_hidden() {
        for (given, written) in [
            ("alice", "alice"),
            (
                "https://login.example/~a?b=c#d",
                "https://login.example/~a?b=c#d",
            ),
            (
                "a\r\nX-Gatepass-Scope: admin",
                "a%0D%0AX-Gatepass-Scope:%20admin",
            ),
            ("Jörg", "J%C3%B6rg"),
            ("100%", "100%25"),
            ("a,b", "a%2Cb"),
            (" a ", "%20a%20"),
            ("\u{7f}\0", "%7F%00"),
            ("", ""),
        ] {
            assert_eq!(text(given).expect("a value"), written);
        }
        assert_eq!(list(&["a", "b,c"]).expect("a value"), "a,b%2Cc");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(given: String) {
            let written = text(&given).expect("a value");
            let written = written.to_str().expect("ASCII");
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_graphic()));
            let read = percent_decode_str(written).decode_utf8().expect("UTF-8");
            prop_assert_eq!(read, given);
        }
    }
}
