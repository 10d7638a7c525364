//! The few pages of the login: they need no script, and nothing from elsewhere.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_proto::Digest;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// The style sheet, which stands inside each page.
const STYLE: &str = include_str!("style.css");

/// `style-src` that admits [`STYLE`] and nothing else.
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Digest::of(STYLE).as_bytes())));

/// Headers that never vary. Under a stricter `Referrer-Policy` browsers send `Origin: null` with our own form.
const FIXED: [(HeaderName, &str); 6] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// A page that says something, and where to go from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) status: StatusCode,
    pub(super) title: &'a str,
    /// What happened, in a sentence or two.
    pub(super) what: &'a str,
    /// What it is called by programs and in logs.
    pub(super) detail: Option<&'a str>,
    /// Places to go to, the likeliest first: a word or two, and a path of ours.
    pub(super) links: &'a [(&'a str, &'a str)],
}

impl Page<'_> {
    pub(super) fn respond(&self) -> Response<Body> {
        let mut main = format!("<p>{}</p>", escaped(self.what));
        if let Some(detail) = self.detail {
            let _ = write!(main, "<p class=\"quiet\">{}</p>", escaped(detail));
        }
        if !self.links.is_empty() {
            main += "<p class=\"actions\">";
            for (words, path) in self.links {
                let _ = write!(main, "<a href=\"{}\">{}</a>", escaped(path), escaped(words));
            }
            main += "</p>";
        }
        respond(self.status, self.title, &main, "'none'")
    }
}

/// Asks whether the person wants to log out. The form's answer may be a redirect to a place of `scheme`, for browsers hold
/// redirects against `form-action` too.
pub(super) fn log_out(name: &str, action: &str, scheme: &str) -> Response<Body> {
    let main = format!(
        "<p>You are logged in as <strong><bdi>{}</bdi></strong>.</p>\
         <form method=\"post\" action=\"{}\"><p class=\"actions\"><button>Log out</button></p></form>",
        escaped(name),
        escaped(action)
    );
    let leads_to = format!("'self' {scheme}:");
    respond(StatusCode::OK, "Log out?", &main, &leads_to)
}

/// Sends the browser on by a GET. Nobody may keep the answer.
pub(super) fn see_other(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    match HeaderValue::try_from(to) {
        Ok(to) => {
            headers.insert(LOCATION, to);
        }
        // No URL has anything in it that no header can hold.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

fn respond(status: StatusCode, title: &str, main: &str, form_action: &str) -> Response<Body> {
    let title = escaped(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{main}\n</main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src {}; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Text as it may stand in HTML, between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::CONTENT_SECURITY_POLICY;

    use super::{Page, escaped, see_other};

    #[test]
    fn text_stays_text() {
        let text = "<script>\"'&";
        assert_eq!(escaped(text), "&lt;script&gt;&quot;&#39;&amp;");
    }

    #[test]
    fn nothing_runs_on_a_page() {
        let page = Page {
            status: StatusCode::FORBIDDEN,
            title: "No",
            what: "no",
            detail: None,
            links: &[],
        };
        let response = page.respond();
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(
            policy.contains("form-action 'none'; frame-ancestors 'none'"),
            "{policy}"
        );
    }

    #[test]
    fn a_place_that_no_header_can_hold_is_not_gone_to() {
        let response = see_other("https://a.example/\r\nx: y");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().get("x").is_none());
    }
}
