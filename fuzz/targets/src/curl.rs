//! curl command lines: survived; what is found in them is a credential for a URL, and shows nothing.

#[path = "../../../crates/cli/src/commands/import/curl_line.rs"]
mod curl_line;
#[path = "../../../crates/cli/src/commands/import/shell.rs"]
mod shell;

use curl_line::{Found, Line};
use gatepass_client::Secret;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(words) = shell::words(text) else {
        return;
    };
    // The name of a variable is marked on both sides.
    assert!(words.iter().all(|word| word.len() <= 2 * text.len()));
    let line = match curl_line::read(words.get(1..).unwrap_or_default()) {
        Ok(line) => line,
        Err(reason) => {
            assert!(!reason.is_empty() && reason.len() < 200, "{reason}");
            return;
        }
    };
    assert!(line.url.username().is_empty() && line.url.password().is_none());
    let Line { found, left, .. } = &line;
    assert!(left.len() < text.len());
    let secret = match found {
        Found::Bearer(secret)
        | Found::Header(_, secret)
        | Found::Query(_, secret)
        | Found::Cookie(_, secret) => Some(secret),
        Found::Basic(_, password) | Found::Digest(_, password) => password.as_ref(),
    };
    let long = secret
        .map(Secret::expose)
        .filter(|secret| secret.len() >= 16);
    assert!(long.is_none_or(|secret| !format!("{found:?}").contains(secret)));
}
