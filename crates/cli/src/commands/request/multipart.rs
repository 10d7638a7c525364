//! `multipart/form-data` (RFC 7578).

use gatepass_client::Body;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use http::HeaderValue;

use super::body::{self, Piece};
use crate::exit::Failure;

/// A field of the form.
pub(super) struct Part {
    /// Its name.
    pub(super) name: String,
    /// The name of the file it comes from.
    pub(super) file_name: Option<String>,
    /// Its media type.
    pub(super) kind: Option<String>,
    /// What is in it.
    pub(super) content: Vec<Piece>,
}

/// A form that is on its way.
pub(super) struct Form {
    /// `Content-Type`, with the boundary.
    pub(super) kind: HeaderValue,
    /// The body.
    pub(super) body: Body,
    /// Its length, where the lengths of all parts are known.
    pub(super) length: Option<u64>,
}

impl Form {
    /// Writes the form.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub(super) fn of(parts: Vec<Part>) -> Result<Self, Failure> {
        let boundary = boundary();
        let mut pieces = Vec::new();
        for part in parts {
            let mut head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                quoted(&part.name)
            );
            if let Some(name) = &part.file_name {
                head.push_str(&format!("; filename=\"{}\"", quoted(name)));
            }
            if let Some(kind) = &part.kind {
                head.push_str(&format!("\r\nContent-Type: {kind}"));
            }
            pieces.push(Piece::Bytes(format!("{head}\r\n\r\n").into_bytes()));
            pieces.extend(part.content);
            pieces.push(Piece::Bytes(b"\r\n".to_vec()));
        }
        pieces.push(Piece::Bytes(format!("--{boundary}--\r\n").into_bytes()));
        let (body, length) = body::join(pieces)?;
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|error| Failure::error(error.to_string()))?;
        Ok(Self { kind, body, length })
    }
}

/// Random, so that no content has it.
fn boundary() -> String {
    let mut random = [0; 16];
    OsEntropy.fill(&mut random);
    format!("gatepass-{:032x}", u128::from_be_bytes(random))
}

/// As browsers write names: only what would end the header is replaced.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::{Form, Part};
    use crate::commands::request::body::Piece;

    #[tokio::test]
    async fn the_length_is_exact_and_names_cannot_break_out() {
        let parts = vec![
            Part {
                name: "a\"\r\nX: y".to_owned(),
                file_name: None,
                kind: None,
                content: vec![Piece::Bytes(b"1".to_vec())],
            },
            Part {
                name: "f".to_owned(),
                file_name: Some("ü \".txt".to_owned()),
                kind: Some("text/plain".to_owned()),
                content: vec![Piece::Bytes(b"two\n".to_vec())],
            },
        ];
        let form = Form::of(parts).expect("a form");
        let kind = form.kind.to_str().expect("text").to_owned();
        let boundary = kind
            .split_once("boundary=")
            .expect("a boundary")
            .1
            .to_owned();
        let body = form.body.collect(1 << 20).await.expect("a body");
        assert_eq!(form.length, Some(body.len() as u64));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a%22%0D%0AX: y\"\r\n\r\n1\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"ü %22.txt\"\r\n\
             Content-Type: text/plain\r\n\r\ntwo\n\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&body), expected);
    }
}
