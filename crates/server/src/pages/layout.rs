//! What every page has in common: the style and the headers.

use std::sync::LazyLock;

use askama::Template;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_proto::Digest;
use url::Url;

/// The style sheet, which stands inside each page.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// `style-src` that admits [`STYLE`] and nothing else.
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Digest::of(STYLE).as_bytes())));

/// What sends the form of a page, the only script there is.
pub(crate) const SUBMIT: &str = "document.forms[0].submit()";

/// `script-src` that admits [`SUBMIT`] and nothing else.
static SCRIPT_SOURCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Digest::of(SUBMIT).as_bytes())
    )
});

/// Headers that never vary.
///
/// `Referrer-Policy` is `same-origin` and not `no-referrer`: under the latter browsers send `Origin: null`
/// with our own forms (the Fetch standard, "append a request `Origin` header", demands it; seen in Chromium
/// 156), and [`origin_allowed`](crate::csrf::origin_allowed) refuses that. Other origins get no referrer either way.
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

/// Where the form of a page may lead (`form-action` of Content Security Policy Level 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormAction<'a> {
    /// The page has no form.
    Nowhere,
    /// The answer to the form is a page of ours, or a redirect to one.
    Ours,
    /// The answer to the form may be a redirect to this `redirect_uri`.
    Onward(&'a str),
    /// The form sends itself to this `redirect_uri`.
    Posted(&'a str),
}

impl FormAction<'_> {
    /// The value of the directive.
    ///
    /// Chromium and Safari apply `form-action` to every redirect that follows the post, also to those that
    /// the client makes on its own side, from its callback to its start page on another host. The client's
    /// origin would therefore be too narrow (tried: Chromium blocks that second hop, and the login seems
    /// to hang), and `[::1]` cannot be written as a source at all. So the scheme is what is admitted:
    /// `https:` for a web client, `http:` for native loopback (which covers `https:` too), and the app's
    /// own for a custom scheme. That costs little, for a page of ours has one form, and its address is ours.
    fn sources(self) -> String {
        match self {
            Self::Nowhere => "'none'".to_owned(),
            Self::Ours => "'self'".to_owned(),
            Self::Onward(redirect_uri) | Self::Posted(redirect_uri) => {
                match Url::parse(redirect_uri) {
                    // The out-of-band "redirect" is a page of ours.
                    Ok(url) if url.scheme() != "urn" => format!("'self' {}:", url.scheme()),
                    _ => "'self'".to_owned(),
                }
            }
        }
    }
}

/// The response that carries `page`.
pub(super) fn respond(
    status: StatusCode,
    form_action: FormAction<'_>,
    page: &impl Template,
) -> Response {
    let Ok(html) = page.render() else {
        tracing::error!("a page could not be rendered");
        let mut response = Response::new(Body::from("internal error\n"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    let script = match form_action {
        FormAction::Posted(_) => format!("script-src {}; ", *SCRIPT_SOURCE),
        _ => String::new(),
    };
    let policy = format!(
        "default-src 'none'; {script}style-src {}; form-action {}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE,
        form_action.sources()
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A scheme has only letters, digits and `+-.`, so the policy is always a header value.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::FormAction;

    #[test]
    fn the_form_may_lead_to_the_scheme_of_the_redirect() {
        for (redirect_uri, sources) in [
            ("https://app.example/cb?x=1", "'self' https:"),
            ("http://localhost:8000/callback", "'self' http:"),
            ("http://127.0.0.1:1/", "'self' http:"),
            ("http://[::1]:1/", "'self' http:"),
            ("com.example.app:/cb", "'self' com.example.app:"),
            ("https://a.example/;script-src *", "'self' https:"),
            ("urn:ietf:wg:oauth:2.0:oob", "'self'"),
            ("; script-src *", "'self'"),
        ] {
            assert_eq!(FormAction::Onward(redirect_uri).sources(), sources);
        }
        assert_eq!(FormAction::Nowhere.sources(), "'none'");
        assert_eq!(FormAction::Ours.sources(), "'self'");
    }
}
