//! What `--verbose` tells of a request, on standard error and without secrets.

use gatepass_client::{Attachment, Body, Where};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Request};
use url::Url;

use super::pretty::{self, Style};
use super::redact::Redactor;
use crate::output::{self, Stream};

/// The largest body that is shown, in bytes.
const SHOWN: usize = 64 * 1024;

/// Tells of the request as it will go out, with this credential where it has one.
pub(super) async fn request(
    request: &Request<Body>,
    attachment: Option<&Attachment>,
    redactor: &Redactor,
) {
    let url: Option<Url> = request.uri().to_string().parse().ok();
    let target = url.as_ref().map(|url| redactor.target(url));
    let mut text = format!("{} {}", request.method(), target.unwrap_or_default());
    if let Some(Where::Query(name)) = attachment.map(|own| &own.place) {
        text.push_str(&format!(" (and {name}=[redacted])"));
    }
    text.push('\n');
    if let Some(url) = &url {
        text.push_str(&line(HOST.as_str(), url.authority()));
    }
    let mut headers = request.headers().clone();
    let own = attachment.and_then(|own| own.headers().ok());
    headers.extend(own.unwrap_or_default());
    text.push_str(&lines(&headers, redactor));
    output::note(&text);
    if let Some(text) = body(request, redactor).await {
        output::note(&text);
    }
}

/// Headers, one a line.
fn lines(headers: &HeaderMap, redactor: &Redactor) -> String {
    headers
        .iter()
        .map(|(name, value)| line(name.as_str(), &redactor.header(name, value)))
        .collect()
}

fn line(name: &str, value: &str) -> String {
    let name = output::painted(name, "36", Stream::Error);
    format!("{name}: {}\n", output::tame(value))
}

async fn body(request: &Request<Body>, redactor: &Redactor) -> Option<String> {
    let Some(body) = request.body().try_clone() else {
        return Some("(the body is read while it is sent)\n".to_owned());
    };
    if body.is_empty() {
        return None;
    }
    let Ok(bytes) = body.collect(SHOWN).await else {
        return Some(format!("(a body of more than {SHOWN} bytes)\n"));
    };
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    Some(match std::str::from_utf8(&bytes) {
        Ok(text) => format!("{}\n", readable(text, kind, redactor)),
        Err(_) => format!("({} bytes that are no text)\n", bytes.len()),
    })
}

fn readable(text: &str, kind: &str, redactor: &Redactor) -> String {
    let text = output::tame(&redactor.text(text));
    if kind.starts_with("application/x-www-form-urlencoded") {
        return redactor.form(&text);
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
        return text;
    }
    let style = Style {
        coloured: output::colours(Stream::Error),
        redacted: true,
    };
    let mut laid = String::new();
    let written = pretty::json(&text, style, |piece| {
        laid.push_str(piece);
        Ok(())
    });
    written.map_or(text, |()| laid)
}
