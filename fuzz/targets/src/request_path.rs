//! The path of a request against the guard's rules: whatever is accepted leads to the same rule for everybody who reads it.

use std::sync::LazyLock;

use gatepass_guard::{Access, PathPattern, Requirement, Rule, Rules};
use http::Method;
use percent_encoding::percent_decode_str;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let rule = |path: &str, access| Rule::new(path.parse().expect("a pattern"), access);
    Rules::new(
        vec![
            rule("/health", Access::Open),
            rule("/admin/**", Access::Denied),
        ],
        Access::Required(Requirement::default()),
    )
});

pub(crate) fn run(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(pattern) = path.parse::<PathPattern>() {
        let written = pattern.to_string();
        assert_eq!(written.parse().as_ref(), Ok(&pattern), "reads back");
    }
    let Ok(access) = RULES.access(&Method::GET, path) else {
        return;
    };
    assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()));
    let decoded = percent_decode_str(path).decode_utf8().expect("UTF-8");
    assert!(!decoded.contains(|c: char| c == '\\' || c.is_control()));
    let reads: [fn(&str) -> String; 5] = [str::to_owned, merged, without_parameters, lower, cut];
    for first in reads {
        for second in reads {
            for start in [path, &*decoded] {
                let read = second(&first(start));
                assert_eq!(access, &plain(&read), "{path} as {read}");
            }
        }
    }
    let longer = format!("{path}/");
    if let Ok(same) = RULES.access(&Method::GET, &longer) {
        assert_eq!(access, same, "{longer}");
    }
}

/// The rule for a path that is read to the letter.
fn plain(path: &str) -> Access {
    let path = path.strip_suffix('/').unwrap_or(path);
    let below = path.strip_prefix("/admin");
    match path {
        "/health" => Access::Open,
        _ if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) => Access::Denied,
        _ => Access::Required(Requirement::default()),
    }
}

fn merged(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    format!("/{}", segments.collect::<Vec<_>>().join("/"))
}

fn without_parameters(path: &str) -> String {
    let names = path
        .split('/')
        .filter_map(|segment| segment.split(';').next());
    names.collect::<Vec<_>>().join("/")
}

fn lower(path: &str) -> String {
    path.to_ascii_lowercase()
}

fn cut(path: &str) -> String {
    path.split([';', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned()
}
