use std::fmt;
use std::str::FromStr;

/// Which paths a rule is for.
///
/// * `/exact` is that path alone.
/// * `/prefix/*` is every path one segment below `/prefix`.
/// * `/prefix/**` is `/prefix` and everything below it; `/**` is every path.
///
/// A slash at the end of a path makes no difference. A pattern is written decoded: `/café`, not `/caf%C3%A9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// The segments before the star.
    segments: Vec<String>,
    tail: Tail,
}

/// What comes after a pattern's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    OneSegment,
    Anything,
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("a path pattern begins with a slash, as in /admin/**")]
    Relative,
    /// A star somewhere else than at the end.
    #[error(
        "a star stands at the end of a path pattern and alone in its segment: /files/* or /files/**"
    )]
    Star,
    /// An empty segment, or one of dots.
    #[error(
        "a path pattern has no empty segments and none of dots, for no request has such a path"
    )]
    Segment,
    /// A character that no accepted path has, or that is not itself in one.
    #[error(
        "a path pattern has no backslash, `?`, `#`, `;`, percent or control character; write it decoded: /café, not /caf%C3%A9"
    )]
    Character,
}

impl PathPattern {
    /// Whether the path is one of them; it has no slash at its end. `same` compares two segments.
    pub(crate) fn matches(&self, path: &str, same: fn(&str, &str) -> bool) -> bool {
        let mut given = path.split('/').skip(1);
        for own in &self.segments {
            match given.next() {
                Some(segment) if same(own, segment) => {}
                _ => return false,
            }
        }
        match self.tail {
            Tail::Nothing => given.next().is_none(),
            Tail::OneSegment => given.next().is_some() && given.next().is_none(),
            Tail::Anything => true,
        }
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let path = text.strip_prefix('/').ok_or(PatternError::Relative)?;
        if path.contains(|c: char| matches!(c, '\\' | '?' | '#' | ';' | '%') || c.is_control()) {
            return Err(PatternError::Character);
        }
        let (path, tail) = match path.rsplit_once('/').unwrap_or(("", path)) {
            (before, "*") => (before, Tail::OneSegment),
            (before, "**") => (before, Tail::Anything),
            _ => (path.strip_suffix('/').unwrap_or(path), Tail::Nothing),
        };
        let segments = match path {
            "" => Vec::new(),
            path => path.split('/').map(str::to_owned).collect(),
        };
        for segment in &segments {
            if segment.contains('*') {
                return Err(PatternError::Star);
            }
            if segment.trim_matches(['.', ' ']).is_empty() {
                return Err(PatternError::Segment);
            }
        }
        Ok(Self { segments, tail })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        match self.tail {
            Tail::Nothing if self.segments.is_empty() => f.write_str("/"),
            Tail::Nothing => Ok(()),
            Tail::OneSegment => f.write_str("/*"),
            Tail::Anything => f.write_str("/**"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PathPattern, PatternError};

    #[test]
    fn a_pattern_is_for_its_paths_alone() {
        let cases: [(&str, &[&str], &[&str]); 6] = [
            ("/", &[""], &["/a"]),
            ("/a", &["/a"], &["", "/ab", "/a/b", "/b"]),
            ("/a/", &["/a"], &["", "/a/b"]),
            ("/a/*", &["/a/b", "/a/*"], &["/a", "/a/b/c", "/ab"]),
            ("/a/**", &["/a", "/a/b", "/a/b/c"], &["", "/ab", "/b/a"]),
            ("/**", &["", "/a", "/a/b"], &[]),
        ];
        for (text, inside, outside) in cases {
            let pattern: PathPattern = text.parse().expect(text);
            let matches = |path: &str| pattern.matches(path, |own, given| own == given);
            assert!(inside.iter().all(|path| matches(path)), "{text}");
            assert!(!outside.iter().any(|path| matches(path)), "{text}");
        }
    }

    #[test]
    fn what_no_request_could_have_is_no_pattern() {
        for (text, why) in [
            ("", PatternError::Relative),
            ("admin", PatternError::Relative),
            ("*", PatternError::Relative),
            ("/a*", PatternError::Star),
            ("/*/b", PatternError::Star),
            ("/a/***", PatternError::Star),
            ("/a/**/*", PatternError::Star),
            ("//a", PatternError::Segment),
            ("/a//", PatternError::Segment),
            ("/a/../b", PatternError::Segment),
            ("/a/. ./b", PatternError::Segment),
            ("/a\\b", PatternError::Character),
            ("/a%20b", PatternError::Character),
            ("/a;b", PatternError::Character),
            ("/a?b", PatternError::Character),
        ] {
            assert_eq!(text.parse::<PathPattern>(), Err(why), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["/", "/a", "/a/*", "/a/**", "/**", "/*", "/café/b c"] {
            let pattern: PathPattern = text.parse().expect(text);
            assert_eq!(pattern.to_string(), text);
        }
        let pattern: PathPattern = "/a/".parse().expect("a pattern");
        assert_eq!(pattern.to_string(), "/a");
    }
}
