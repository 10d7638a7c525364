//! However a path is read by what stands behind the guard, the same rule holds.

use http::Method;
use proptest::prelude::*;

use super::{bearer, get, house, scope};
use crate::{Access, PathFault, Requirement, Rule, Rules};

fn required(text: &str) -> Access {
    Access::Required(Requirement::from(scope(text)))
}

fn rule(path: &str, access: Access) -> Rule {
    Rule::new(path.parse().expect("a pattern"), access)
}

fn rules() -> Rules {
    let write = Rule {
        methods: vec![Method::POST, Method::PUT],
        ..rule("/items/**", required("write"))
    };
    let read = Rule {
        methods: vec![Method::GET],
        ..rule("/items/**", required("read"))
    };
    Rules::new(
        vec![
            rule("/", Access::Open),
            rule("/health", Access::Open),
            rule("/public/*", Access::Open),
            rule("/admin/keys", Access::Denied),
            rule("/admin/**", required("admin")),
            write,
            read,
        ],
        required("any"),
    )
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = rules();
    for (method, path, access) in [
        (Method::GET, "/", Access::Open),
        (Method::GET, "/health", Access::Open),
        (Method::GET, "/health/", Access::Open),
        (Method::GET, "/health/x", required("any")),
        (Method::GET, "/public/a", Access::Open),
        (Method::GET, "/public", required("any")),
        (Method::GET, "/public/a/b", required("any")),
        (Method::GET, "/admin", required("admin")),
        (Method::GET, "/admin/keys", Access::Denied),
        (Method::GET, "/admin/keys/1", required("admin")),
        (Method::GET, "/administrator", required("any")),
        (Method::GET, "/items/1", required("read")),
        (Method::HEAD, "/items/1", required("read")),
        (Method::POST, "/items", required("write")),
        (Method::DELETE, "/items/1", required("any")),
        (Method::GET, "/items/Of%20Ada", required("read")),
    ] {
        assert_eq!(rules.access(&method, path), Ok(&access), "{method} {path}");
    }
}

#[test]
fn a_path_that_may_lead_elsewhere_is_refused() {
    for path in [
        "/ADMIN",
        "/%61dmin",
        "/public/x;/../admin",
        "/public/a;x/b",
        "/admin;x",
        "/health;x",
        "/healt%68",
        "/health%3fx",
        "/health%23x",
        "/Health",
        "/public//a",
        "/admin//keys",
    ] {
        let got = rules().access(&Method::GET, path).cloned();
        let refused = matches!(got, Err(PathFault::Ambiguous | PathFault::Dots));
        assert!(refused, "{path}: {got:?}");
    }
    // Where every reading leads to the same, there is no trick.
    for path in ["/x//y", "/x//admin", "/items/a;v=1//b", "/items/%41da"] {
        assert!(rules().access(&Method::GET, path).is_ok(), "{path}");
    }
}

#[tokio::test]
async fn the_layer_asks_what_the_rules_say() {
    let layer = house().guard.rules(rules());
    let ask = async |uri: &str, scope: Option<&str>| {
        let mut request = http::Request::get(uri);
        if let Some(scope) = scope {
            let token = bearer(|claims| claims["scope"] = scope.into());
            request = request.header("Authorization", token);
        }
        super::status(&layer, request).await
    };
    assert_eq!(ask("/health", None).await, 200);
    assert_eq!(ask("/health?admin", Some("nothing")).await, 200);
    assert_eq!(ask("/admin", None).await, 401);
    assert_eq!(ask("/admin", Some("any")).await, 403);
    assert_eq!(ask("/admin", Some("admin")).await, 200);
    assert_eq!(ask("/admin/keys", Some("admin")).await, 403);
    assert_eq!(ask("/admin/..;/health", Some("admin")).await, 400);
    assert_eq!(ask("/items/1", Some("read")).await, 200);
    let request = get().uri("/items/1").method("POST");
    let request = request.header("Authorization", bearer(|_| ()));
    assert_eq!(super::status(&layer, request).await, 403);
}

/// Where a system behind the guard finds `/admin` and `/health`, whatever it does to a path before it looks. Written apart
/// from the guard's own readings.
fn found_by(reader: Reader, path: &str) -> Option<&'static str> {
    let mut path = path.to_owned();
    for step in reader {
        path = step(&path);
    }
    let mut stack: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(stack.pop()),
            other => stack.push(other),
        }
    }
    if stack.len() > 1 && stack.last() == Some(&"") {
        stack.pop();
    }
    match *stack {
        ["admin", ..] => Some("admin"),
        ["health"] => Some("health"),
        _ => None,
    }
}

type Reader = &'static [fn(&str) -> String];

fn decode(path: &str) -> String {
    let bytes = percent(path.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn percent(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < path.len() {
        let hex = path
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if path[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(path[at]);
                at += 1;
            }
        }
    }
    out
}

fn merge(path: &str) -> String {
    let mut out = path.to_owned();
    while out.contains("//") {
        out = out.replace("//", "/");
    }
    out
}

fn drop_parameters(path: &str) -> String {
    let cut = |segment: &str| segment.split(';').next().map(str::to_owned);
    path.split('/')
        .filter_map(cut)
        .collect::<Vec<_>>()
        .join("/")
}

fn cut_at_semicolon(path: &str) -> String {
    path.split(';').next().unwrap_or_default().to_owned()
}

fn cut_at_query(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn fold(path: &str) -> String {
    path.to_ascii_lowercase()
}

fn backslash(path: &str) -> String {
    path.replace('\\', "/")
}

const READERS: [Reader; 12] = [
    &[],
    &[fold],
    &[decode],
    &[merge],
    // As a servlet container does it.
    &[drop_parameters, decode, merge],
    &[decode, drop_parameters, merge],
    &[cut_at_semicolon, decode],
    &[decode, cut_at_semicolon, merge],
    &[decode, cut_at_query],
    &[decode, cut_at_query, merge, fold],
    // As some do it that decode once too often.
    &[decode, decode, backslash, merge],
    &[backslash, decode, backslash, drop_parameters, merge, fold],
];

/// What passes more often than not, and now and then what is refused at once.
fn trick() -> impl Strategy<Value = &'static str> {
    let passes = prop::sample::select(vec![
        "/", "//", "admin", "health", "ADMIN", "Health", "a", ";", ";x", "%61dmin", "heal%74h",
        "%3b", "%3f", "%23", "%25", "%20", "%C3%A9", "~",
    ]);
    let refused = prop::sample::select(vec![
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "\\",
        "%2561dmin",
        "%252f",
        "%00",
        "%c0%af",
        "%",
        "?",
        "#",
        "é",
        "..;",
        "%ff",
    ]);
    prop_oneof![12 => passes, 1 => refused]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_reading_of_an_accepted_path_leads_to_another_rule(
        pieces in prop::collection::vec(trick(), 0..6),
    ) {
        let path = format!("/{}", pieces.concat());
        let rules = Rules::new(
            vec![rule("/admin/**", Access::Denied), rule("/health", Access::Open)],
            required("any"),
        );
        let Ok(access) = rules.access(&Method::GET, &path) else {
            return Ok(());
        };
        for (number, reader) in READERS.iter().enumerate() {
            let expected = match found_by(reader, &path) {
                Some("admin") => Access::Denied,
                Some(_) => Access::Open,
                None => required("any"),
            };
            prop_assert_eq!(access, &expected, "reader {} of {}", number, path);
        }
    }

    #[test]
    fn any_text_is_survived(path in ".*") {
        let _ = rules().access(&Method::GET, &path);
    }
}
