//! How a path may be read by what is behind us.

use std::borrow::Cow;

/// The longest path that is looked at, in bytes.
const MAX_LEN: usize = 4096;

/// The most readings of one. What can be read in more ways was made to be.
const MAX_READINGS: usize = 16;

/// Why it cannot be said where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It does not begin with one slash, as an absolute path does.
    #[error("the path has to begin with a slash, and with no more than one")]
    NotAbsolute,
    /// It is longer than 4096 bytes.
    #[error("the path is longer than 4096 bytes")]
    TooLong,
    /// A character that does not belong into a path: a backslash, a control character, or one that has to be encoded.
    #[error("the path has a character that does not belong there; encode it, and use no backslash")]
    Character,
    /// An encoded slash, backslash or control character, something encoded twice, or bytes that are no UTF-8.
    #[error(
        "the path encodes what has no place in one: a slash, a backslash, a control character, or a percent sign before two digits"
    )]
    Encoding,
    /// A segment that is `.` or `..`, however it is spelled.
    #[error("the path has a segment of dots; send the path that it leads to")]
    Dots,
    /// Two ways to read it lead to different rules, or there are more than 16.
    #[error("the path can be read in several ways; send it in its plain form")]
    Ambiguous,
}

/// Every way in which the path may be read, each without a slash at its end. All of them begin with a slash, but for that
/// of the root, which is empty.
pub(crate) fn readings(path: &str) -> Result<Vec<Cow<'_, str>>, PathFault> {
    if path.len() > MAX_LEN {
        return Err(PathFault::TooLong);
    }
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(PathFault::NotAbsolute);
    }
    if !path.bytes().all(may_stand_in_a_path) {
        return Err(PathFault::Character);
    }
    if is_plain(path) {
        dots(path)?;
        return Ok(vec![Cow::Borrowed(trimmed(path))]);
    }
    if escapes(path).any(|byte| byte.is_none_or(|byte| matches!(byte, b'/' | b'\\'))) {
        return Err(PathFault::Encoding);
    }
    let decoded = decode(path, |_| true)?;
    if decoded.contains(char::is_control) || escapes(&decoded).any(|byte| byte.is_some()) {
        return Err(PathFault::Encoding);
    }
    dots(&decoded)?;
    let mut all = vec![decode(path, |byte| !may_stand_in_a_segment(byte))?];
    widen(&mut all, |path| {
        vec![without_parameters(path), before(path, ';')]
    });
    widen(&mut all, |path| {
        decode(path, |_| true).into_iter().collect()
    });
    widen(&mut all, |path| {
        vec![without_parameters(path), before(path, ';')]
    });
    widen(&mut all, |path| vec![before(path, '?'), before(path, '#')]);
    widen(&mut all, |path| vec![merged(path)]);
    if all.len() > MAX_READINGS {
        return Err(PathFault::Ambiguous);
    }
    Ok(all
        .into_iter()
        .map(|path| Cow::Owned(trimmed(&path).to_owned()))
        .collect())
}

/// Adds what else each of them may be.
fn widen(all: &mut Vec<String>, also: impl Fn(&str) -> Vec<String>) {
    for path in all.clone() {
        for other in also(&path) {
            if !all.contains(&other) {
                all.push(other);
            }
        }
    }
}

/// What RFC 3986 §3.3 lets stand in a path, and the few characters besides that clients leave as they are.
fn may_stand_in_a_path(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'?' | b'#')
}

/// What need not be encoded in a segment, and what is another thing when it is.
fn may_stand_in_a_segment(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?#".contains(&byte)
}

/// Whether there is one way to read it, but for the case of its letters.
fn is_plain(path: &str) -> bool {
    !path.contains(['%', ';']) && !path.contains("//")
}

/// Decodes the bytes that `which` names; the others stay as they are.
fn decode(path: &str, which: impl Fn(u8) -> bool) -> Result<String, PathFault> {
    let mut out = Vec::with_capacity(path.len());
    let mut pieces = path.split('%');
    out.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        match escaped(piece) {
            Some((byte, rest)) if which(byte) => {
                out.push(byte);
                out.extend_from_slice(rest.as_bytes());
            }
            _ => {
                out.push(b'%');
                out.extend_from_slice(piece.as_bytes());
            }
        }
    }
    String::from_utf8(out).map_err(|_| PathFault::Encoding)
}

/// The byte that each percent sign stands for; none where no two digits come after it.
fn escapes(path: &str) -> impl Iterator<Item = Option<u8>> {
    let pieces = path.split('%').skip(1);
    pieces.map(|piece| escaped(piece).map(|(byte, _)| byte))
}

/// The byte that two digits stand for, and what comes after them.
fn escaped(piece: &str) -> Option<(u8, &str)> {
    let (digits, rest) = piece.split_at_checked(2)?;
    // `from_str_radix` would take a sign.
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok()?;
    is_hex.then_some((byte, rest))
}

/// Refuses segments that lead upwards, or nowhere: some systems take `..;x`, `...` and `.. ` for `..`.
fn dots(path: &str) -> Result<(), PathFault> {
    let is_dots = |segment: &str| {
        let name = segment.split([';', '?', '#']).next().unwrap_or_default();
        name.contains('.') && name.trim_matches(['.', ' ']).is_empty()
    };
    match path.split('/').any(is_dots) {
        true => Err(PathFault::Dots),
        false => Ok(()),
    }
}

/// Each segment up to its first `;`, as servlet containers read it.
fn without_parameters(path: &str) -> String {
    let segments = path.split('/').map(|segment| before(segment, ';'));
    segments.collect::<Vec<_>>().join("/")
}

/// All before the first `end`.
fn before(path: &str, end: char) -> String {
    path.split(end).next().unwrap_or_default().to_owned()
}

/// Several slashes as one.
fn merged(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| format!("/{segment}")).collect()
}

/// Without a slash at its end.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
