//! What the person's browser shows when it has come back.

use std::fmt::Write as _;

use gatepass_proto::Digest;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}\
:root{color-scheme:light dark}";

/// A page of the listener's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Done,
    /// With what the server says.
    Denied(String),
    /// With what the server says.
    Failed(String),
    NotThisLogin,
    NotFound,
    MethodNotAllowed,
    Malformed,
}

impl Page {
    fn parts(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Done => (
                "200 OK",
                "Login received",
                "You can close this window and go back to the program that asked for it.",
            ),
            Self::Denied(_) => (
                "200 OK",
                "Access was denied",
                "Nothing was granted. You can close this window.",
            ),
            Self::Failed(_) => (
                "200 OK",
                "The login did not work",
                "You can close this window; the program that asked for it says what went wrong.",
            ),
            Self::NotThisLogin => (
                "400 Bad Request",
                "Not this login",
                "This page belongs to another login, or an older one. Use the newest window.",
            ),
            Self::NotFound => (
                "404 Not Found",
                "Nothing here",
                "This address only waits for a login to come back.",
            ),
            Self::MethodNotAllowed => (
                "405 Method Not Allowed",
                "Not allowed",
                "This address only takes a GET.",
            ),
            Self::Malformed => (
                "400 Bad Request",
                "Not understood",
                "The request could not be read.",
            ),
        }
    }

    /// What the server says, as a paragraph. Of the request nothing else is repeated.
    fn said(&self) -> String {
        match self {
            Self::Denied(said) | Self::Failed(said) => {
                format!("<p>The server says: <q>{}</q></p>", escaped(said))
            }
            _ => String::new(),
        }
    }

    /// The whole answer.
    pub(crate) fn response(&self) -> String {
        let (status, title, text) = self.parts();
        let said = self.said();
        let style = Digest::of(STYLE).to_base64url();
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title} – gatepass</title><style>{STYLE}</style><main><h1>{title}</h1>{said}<p>{text}</p></main></html>"
        );
        let mut head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n",
            body.len()
        );
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        for (name, value) in [
            ("Content-Security-Policy", policy.as_str()),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ] {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if *self == Self::MethodNotAllowed {
            head.push_str("Allow: GET\r\n");
        }
        format!("{head}\r\n{body}")
    }
}

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
