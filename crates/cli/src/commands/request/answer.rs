//! Shows an answer: to a person laid out, to a program as it is.

use bytes::Bytes;
use gatepass_client::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use super::pretty::{self, Style};
use super::redact::Redactor;
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream};

/// The largest JSON that is laid out, in bytes; more is shown as it comes.
const LAID_OUT: usize = 16 * 1024 * 1024;
/// The longest line that is held back to be searched for secrets, in bytes.
const LINE: usize = 64 * 1024;

/// How an answer is shown.
#[derive(Default)]
pub(super) struct Showing {
    /// With its head, in a pipe too.
    pub(super) include: bool,
    /// The head alone, which is the result then.
    pub(super) head_only: bool,
    /// Without these secrets, nor what is one by its name.
    pub(super) redactor: Option<Redactor>,
}

/// Shows the answer.
///
/// # Errors
///
/// The connection breaks, or the output cannot be written.
pub(super) async fn show(answer: Response, showing: &Showing) -> Result<(), Failure> {
    if showing.head_only {
        return output::line(head(&answer, showing, Stream::Result).trim_end());
    }
    let person = output::is_terminal(Stream::Result);
    tell_head(&answer, showing, person);
    if person {
        lay_out(answer, showing).await
    } else {
        pass_on(answer).await
    }
}

/// Tells of the head on standard error, as much as is of interest.
pub(super) fn tell_head(answer: &Response, showing: &Showing, person: bool) {
    if person || showing.include || showing.redactor.is_some() {
        output::note(&head(answer, showing, Stream::Error));
    } else if answer.status().is_client_error() || answer.status().is_server_error() {
        output::note(&status(answer, Stream::Error));
    }
}

/// Writes the body as it is and as it comes.
pub(super) async fn pass_on(mut answer: Response) -> Result<(), Failure> {
    while let Some(chunk) = chunk(&mut answer).await? {
        output::bytes(&chunk)?;
    }
    Ok(())
}

/// The next piece of the body. A connection that breaks is the network's fault.
pub(super) async fn chunk(answer: &mut Response) -> Result<Option<Bytes>, Failure> {
    let chunk = answer.chunk().await;
    chunk.map_err(|error| Failure::new(Exit::Network, error.to_string()))
}

async fn lay_out(mut answer: Response, showing: &Showing) -> Result<(), Failure> {
    let mut held: Vec<u8> = Vec::new();
    if is_json(&answer) {
        while let Some(chunk) = chunk(&mut answer).await? {
            held.extend_from_slice(&chunk);
            if held.len() > LAID_OUT {
                break;
            }
        }
        if held.len() <= LAID_OUT {
            return show_json(&held, showing);
        }
    }
    let mut shown = Shown {
        held,
        ended: true,
        showing,
    };
    while let Some(chunk) = chunk(&mut answer).await? {
        shown.held.extend_from_slice(&chunk);
        if shown.held.contains(&0) {
            output::note(
                "The body is no text and is not shown here; save it with --download or --output-file FILE.",
            );
            return Ok(());
        }
        shown.write(false)?;
    }
    shown.write(true)?;
    if !shown.ended {
        output::line("")
    } else {
        Ok(())
    }
}

/// One JSON value, not one a line.
fn is_json(answer: &Response) -> bool {
    let kind = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || (kind.ends_with("+json") && kind != "application/stream+json")
}

fn show_json(body: &[u8], showing: &Showing) -> Result<(), Failure> {
    let text = output::tame(&showing.redacted(&String::from_utf8_lossy(body)));
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
        return output::line(&text);
    }
    let style = Style {
        coloured: output::colours(Stream::Result),
        redacted: showing.redactor.is_some(),
    };
    pretty::json(&text, style, |piece| output::bytes(piece.as_bytes()))?;
    output::line("")
}

/// Text on its way to a terminal.
struct Shown<'a> {
    /// What is not shown yet: a character may be cut in two by the end of a piece, and so may a secret.
    held: Vec<u8>,
    /// The last line is complete.
    ended: bool,
    showing: &'a Showing,
}

impl Shown<'_> {
    fn write(&mut self, all: bool) -> Result<(), Failure> {
        let ready = match all {
            true => self.held.len(),
            false if self.showing.redactor.is_some() && self.held.len() < LINE => self
                .held
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1),
            false => whole_characters(&self.held),
        };
        let rest = self.held.split_off(ready);
        let text = String::from_utf8_lossy(&self.held);
        let text = output::tame(&self.showing.redacted(&text));
        if let Some(last) = text.chars().next_back() {
            self.ended = last == '\n';
        }
        output::bytes(text.as_bytes())?;
        self.held = rest;
        Ok(())
    }
}

/// How many bytes there are before a character that is not complete yet.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

impl Showing {
    fn redacted(&self, text: &str) -> String {
        match &self.redactor {
            Some(redactor) => redactor.text(text).into_owned(),
            None => text.to_owned(),
        }
    }

    fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        match &self.redactor {
            Some(redactor) => redactor.header(name, value),
            None => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        }
    }
}

fn status(answer: &Response, stream: Stream) -> String {
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {reason}", status.as_str());
    let colour = match status.as_u16() {
        200..300 => "32",
        300..400 => "33",
        _ => "31",
    };
    format!("HTTP {}", output::painted(text.trim_end(), colour, stream))
}

fn head(answer: &Response, showing: &Showing, stream: Stream) -> String {
    let mut text = status(answer, stream);
    for (name, value) in answer.headers() {
        text.push_str(&format!(
            "\n{}: {}",
            output::painted(name.as_str(), "36", stream),
            output::tame(&showing.header(name, value))
        ));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::whole_characters;

    #[test]
    fn a_character_in_two_pieces_waits_for_the_second() {
        assert_eq!(whole_characters("aü".as_bytes()), 3);
        assert_eq!(whole_characters(b"a\xc3"), 1);
        assert_eq!(whole_characters(b"a\xff\xc3"), 3);
    }
}
