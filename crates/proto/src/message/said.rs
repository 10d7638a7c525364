//! What a server says for people, made fit to be shown: short, on one line, and without credentials.

use super::known::{KnownSecrets, REDACTED};

/// The longest text that is shown, in characters.
const MAX_CHARS: usize = 300;
/// How much of a page is searched for its title, in bytes.
const MAX_PAGE: usize = 64 * 1024;
/// A word of this many characters that has both letters and digits is taken for a credential.
const MIXED: usize = 20;
/// A word of this many characters is taken for a credential, whatever it is made of.
const LONG: usize = 40;

/// A text for people: whitespace joined, control characters removed, credentials struck out, cut at 300 characters.
///
/// Some servers repeat the token or code that they refuse. What its request had is known. Of the rest there is no telling
/// a credential for sure, so whatever looks like one goes; identifiers in the form of a UUID stay, for those are what a
/// provider's support asks for.
pub fn clean(text: &str, known: &KnownSecrets) -> String {
    let visible: String = text
        .chars()
        .filter(|c| c.is_whitespace() || !is_invisible(*c))
        .collect();
    let visible = known.strike(&visible);
    let shown = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = strike(&shown);
    match shown.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

/// What an answer that is not JSON says, without the secrets that its request had: the title of a page, or the plain
/// text. `None` for anything else.
pub fn said(body: &[u8], known: &KnownSecrets) -> Option<String> {
    let text = match body.trim_ascii_start().first()? {
        b'<' => return title(body, known),
        b'{' | b'[' => return None,
        _ => clean(std::str::from_utf8(body).ok()?, known),
    };
    (!text.is_empty()).then_some(text)
}

/// The title of an HTML page, or its first heading, without the secrets that its request had. `None` for what is not
/// a page.
pub fn title(body: &[u8], known: &KnownSecrets) -> Option<String> {
    if body.trim_ascii_start().first() != Some(&b'<') {
        return None;
    }
    let page = String::from_utf8_lossy(body.get(..MAX_PAGE).unwrap_or(body));
    ["title", "h1"]
        .iter()
        .filter_map(|tag| element(&page, tag))
        .map(|text| clean(&unescape(text), known))
        .find(|text| !text.is_empty())
}

/// The text of the first element of this name, up to the first tag in it.
fn element<'a>(page: &'a str, tag: &str) -> Option<&'a str> {
    let lower = page.to_ascii_lowercase();
    let open = format!("<{tag}");
    let mut from = 0;
    loop {
        let at = from + lower.get(from..)?.find(&open)? + open.len();
        // `<title>` or `<title lang=…>`, not `<titles>`.
        if lower.get(at..)?.starts_with(['>', ' ', '\n', '\r', '\t']) {
            let text = page.get(at..)?.split_once('>')?.1;
            return text.split('<').next();
        }
        from = at;
    }
}

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (name, c)| text.replace(name, c))
}

/// Control characters, and those that would make a terminal show something else than was said.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn strike(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        push(&mut out, word);
        let next = after.find(is_of_word).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        out.push_str(between);
        rest = after;
    }
    out
}

/// The characters that credentials are made of (RFC 6750 §2.1), without `=`, which ends them.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/%".contains(c)
}

fn push(out: &mut String, word: &str) {
    // What follows the colon of a URL, or a path: its pieces are words of their own.
    if word.starts_with('/') {
        for (index, piece) in word.split('/').enumerate() {
            if index > 0 {
                out.push('/');
            }
            out.push_str(shown(piece));
        }
    } else {
        out.push_str(shown(word));
    }
}

fn shown(word: &str) -> &str {
    let bare = word.trim_end_matches('.');
    let letters = bare.bytes().any(|b| b.is_ascii_alphabetic());
    let digits = bare.bytes().any(|b| b.is_ascii_digit());
    let suspect = bare.len() >= LONG || (bare.len() >= MIXED && letters && digits);
    if suspect && !is_uuid(bare) {
        REDACTED
    } else {
        word
    }
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::known::KnownSecrets;
    use crate::Secret;

    fn clean(text: &str) -> String {
        super::clean(text, &KnownSecrets::default())
    }

    fn said(body: &[u8]) -> Option<String> {
        super::said(body, &KnownSecrets::default())
    }

    fn title(body: &[u8]) -> Option<String> {
        super::title(body, &KnownSecrets::default())
    }

    #[test]
    fn credentials_are_struck_out() {
        for (text, shown) in [
            (
                "Refresh token invalid: 4f7a1c9e0b2d4f7a1c9e0b2d4f7a1c9e. Visit https://dev.fitbit.com/docs/oauth2 for more",
                "Refresh token invalid: [redacted] Visit https://dev.fitbit.com/docs/oauth2 for more",
            ),
            (
                "code=gp_ac_0123456789abcdef0123&state=x",
                "code=[redacted]&state=x",
            ),
            (
                "bad eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl!",
                "bad [redacted]!",
            ),
            (
                "https://as.example/cb/0123456789abcdef0123/x",
                "https://as.example/cb/[redacted]/x",
            ),
            (
                "AADSTS70008: expired. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
                "AADSTS70008: expired. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
            ),
            (
                "unsupported urn:ietf:params:oauth:grant-type:device_code or application/x-www-form-urlencoded",
                "unsupported urn:ietf:params:oauth:grant-type:device_code or application/x-www-form-urlencoded",
            ),
        ] {
            assert_eq!(clean(text), shown);
        }
    }

    #[test]
    fn texts_are_one_bounded_line() {
        assert_eq!(clean(" a\r\n\tb\u{1b}[31m\u{202e}c "), "a b[31mc");
        let long = clean(&"word ".repeat(200));
        assert_eq!(long.chars().count(), 301);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_page_is_its_title() {
        let page = b"<!DOCTYPE html><html><titles/><TITLE lang=en>\n 502 Bad&nbsp;Gateway &amp; more </TITLE><h1>x</h1>";
        assert_eq!(said(page).as_deref(), Some("502 Bad Gateway & more"));
        assert_eq!(title(b" <body><h1>Log in</h1>").as_deref(), Some("Log in"));
        assert_eq!(title(b"<title></title><title"), None);
        assert_eq!(title(b"plain <title>x</title>"), None);
        assert_eq!(said(b"no\nsuch door").as_deref(), Some("no such door"));
        for body in [&b""[..], b" \n", b"{\"token\":1}", b"[1]", b"a\xff"] {
            assert_eq!(said(body), None, "{body:?}");
        }
    }

    #[test]
    fn what_is_known_is_struck_out_whatever_it_looks_like() {
        let known: KnownSecrets = [&Secret::new("hunter2"), &Secret::new("two words")]
            .into_iter()
            .collect();
        for (text, shown) in [
            ("bad hunter2", "bad [redacted]"),
            ("hun\u{200b}ter2", "[redacted]"),
            (
                "<h1>two words &amp; hunter2</h1>",
                "[redacted] & [redacted]",
            ),
        ] {
            let said = super::said(text.as_bytes(), &known);
            assert_eq!(said.as_deref(), Some(shown));
        }
        // The cut leaves no half of one.
        let long = super::clean(&format!("{}hunter2", "a ".repeat(148)), &known);
        assert!(!long.contains("hunt"), "{long}");
    }

    proptest! {
        #[test]
        fn no_credential_gets_through(before in "[a-z ]{0,20}", secret in "[A-Za-z0-9_-]{20,80}", after in "[a-z ]{0,20}") {
            prop_assume!(secret.bytes().any(|b| b.is_ascii_digit()) && secret.bytes().any(|b| b.is_ascii_alphabetic()));
            for text in [format!("{before} {secret} {after}"), format!("{before}({secret})"), format!("x={secret}&{after}")] {
                prop_assert!(!clean(&text).contains(&secret), "{}", clean(&text));
            }
        }

        #[test]
        fn anything_at_all_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".*") {
            let _ = (said(&bytes), title(&bytes), said(text.as_bytes()));
            let shown = clean(&text);
            prop_assert!(shown.chars().count() <= 301);
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert_eq!(clean(&shown), shown);
        }
    }
}
