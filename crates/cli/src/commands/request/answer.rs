//! Shows an answer: to a person laid out, to a program as it is.

use gatepass_client::Response;
use http::header::CONTENT_TYPE;

use super::pretty;
use crate::exit::Failure;
use crate::output::{self, Stream};

/// Shows the answer.
///
/// # Errors
///
/// The connection breaks, or the output cannot be written.
pub(super) async fn show(answer: Response, include: bool) -> Result<(), Failure> {
    let person = output::is_terminal(Stream::Result);
    if person || include {
        output::note(&head(&answer));
    } else if answer.status().is_client_error() || answer.status().is_server_error() {
        output::note(&status(&answer));
    }
    if person {
        lay_out(answer).await
    } else {
        pass_on(answer).await
    }
}

async fn pass_on(mut answer: Response) -> Result<(), Failure> {
    while let Some(chunk) = answer.chunk().await? {
        output::bytes(&chunk)?;
    }
    Ok(())
}

async fn lay_out(mut answer: Response) -> Result<(), Failure> {
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
    if kind == "application/json" || kind.ends_with("+json") {
        let body = answer.bytes().await?;
        let laid = match std::str::from_utf8(&body) {
            Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
                pretty::json(text)
            }
            _ => String::from_utf8_lossy(&body).into_owned(),
        };
        return output::line(&output::tame(&laid));
    }
    let mut ended = true;
    // A character may be cut in two by the end of a piece.
    let mut held: Vec<u8> = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        held.extend_from_slice(&chunk);
        if held.contains(&0) {
            output::note(
                "The body is no text and is not shown here; send it to a file with `> FILE`.",
            );
            return Ok(());
        }
        let whole = whole_characters(&held);
        let rest = held.split_off(whole);
        let text = output::tame(&String::from_utf8_lossy(&held));
        ended = text.ends_with('\n');
        output::bytes(text.as_bytes())?;
        held = rest;
    }
    output::bytes(output::tame(&String::from_utf8_lossy(&held)).as_bytes())?;
    if !ended { output::line("") } else { Ok(()) }
}

/// How many bytes there are before a character that is not complete yet.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

fn status(answer: &Response) -> String {
    let status = answer.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("{} {reason}", status.as_str());
    let colour = match status.as_u16() {
        200..300 => "32",
        300..400 => "33",
        _ => "31",
    };
    format!(
        "HTTP {}",
        output::painted(text.trim_end(), colour, Stream::Error)
    )
}

fn head(answer: &Response) -> String {
    let mut text = status(answer);
    for (name, value) in answer.headers() {
        let value = output::tame(&String::from_utf8_lossy(value.as_bytes()));
        text.push_str(&format!(
            "\n{}: {value}",
            output::painted(name.as_str(), "36", Stream::Error)
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
