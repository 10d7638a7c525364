//! The name that an answer suggests for its file (RFC 6266), made safe: whoever answers chooses it.

use gatepass_client::Response;
use http::header::CONTENT_DISPOSITION;
use percent_encoding::percent_decode_str;
use url::Url;

/// The longest name, in bytes; file systems allow a little more.
const LONGEST: usize = 200;
/// What a file is called when nothing is left of its name.
const NAMELESS: &str = "download";
/// Names that Windows keeps for devices, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name for the file of an answer: from `Content-Disposition`, otherwise from the URL that was asked for.
pub(super) fn file_name(answer: &Response, asked: &Url) -> String {
    let header = answer.headers().get(CONTENT_DISPOSITION);
    let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let suggested = header.as_deref().and_then(suggested);
    let from_url = || {
        let last = asked.path_segments()?.next_back()?;
        safe(&percent_decode_str(last).decode_utf8_lossy())
    };
    suggested
        .and_then(|name| safe(&name))
        .or_else(from_url)
        .unwrap_or_else(|| NAMELESS.to_owned())
}

/// `filename*` (RFC 8187) counts for more than `filename` (RFC 6266 §4.3).
fn suggested(header: &str) -> Option<String> {
    let mut plain = None;
    let mut rest = header.split_once(';')?.1;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = value(after.trim_start());
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                if let Some(name) = extended(&value) {
                    return Some(name);
                }
            }
            "filename" => plain = plain.or(Some(value)),
            _ => {}
        }
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    plain
}

/// A token or a quoted string, and what comes after it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

/// `UTF-8'en'na%20me`
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decode_str(text);
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => bytes.decode_utf8().ok().map(Into::into),
        "iso-8859-1" => Some(bytes.map(char::from).collect()),
        _ => None,
    }
}

/// A name that stays in its folder, is seen there, and reads as what it is; `None` when nothing is left.
fn safe(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe: String = name
        .chars()
        .filter(|c| !c.is_control() && !turns_text(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    while safe.len() > LONGEST {
        safe.pop();
    }
    let safe = safe.trim().trim_end_matches('.').trim_start_matches('.');
    let stem = safe
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let port = ["com", "lpt"].iter().any(|device| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1)
    });
    match safe {
        "" => None,
        safe if port || DEVICES.contains(&stem.as_str()) => Some(format!("_{safe}")),
        safe => Some(safe.to_owned()),
    }
}

/// What makes `exe.txt` of `txt.exe` for the eye.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{safe, suggested};

    #[test]
    fn the_name_is_read_as_it_was_meant() {
        for (header, name) in [
            ("attachment; filename=report.pdf", Some("report.pdf")),
            (
                r#"attachment; filename="a; b\".txt"; size=3"#,
                Some("a; b\".txt"),
            ),
            (
                "attachment; filename=x; filename*=UTF-8''na%20%C3%BC.txt",
                Some("na ü.txt"),
            ),
            ("attachment; filename*=iso-8859-1'en'%A3.txt", Some("£.txt")),
            ("attachment; filename*=UTF-8''%ff; FileName = y ", Some("y")),
            ("inline", None),
            ("attachment; filename", None),
            ("attachment; filename=\"open", Some("open")),
        ] {
            assert_eq!(suggested(header).as_deref(), name, "{header}");
        }
    }

    #[test]
    fn no_name_leads_elsewhere() {
        for (name, expected) in [
            ("../../etc/passwd", Some("passwd")),
            (r"C:\Windows\x.dll", Some("x.dll")),
            ("/", None),
            ("..", None),
            (".", None),
            (".bashrc", Some("bashrc")),
            ("a/..", None),
            ("x\0\r\ny\x1b[31m", Some("xy[31m")),
            ("txt.\u{202e}exe", Some("txt.exe")),
            ("a:b|c?", Some("a_b_c_")),
            ("nul.txt", Some("_nul.txt")),
            ("COM1", Some("_COM1")),
            ("  a. ", Some("a")),
        ] {
            assert_eq!(safe(name).as_deref(), expected, "{name:?}");
        }
        assert!(safe(&"ü".repeat(500)).expect("a name").len() <= 200);
    }
}
