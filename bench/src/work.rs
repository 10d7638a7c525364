//! What one connection asks, and how each answer is checked.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::connection::Answer;
use crate::target::{Ready, Target};

/// A sequence of requests.
pub(crate) enum Work {
    /// The same one again and again.
    Same {
        /// As bytes on the wire.
        request: Vec<u8>,
        /// What each answer holds.
        field: &'static str,
    },
    /// Each refresh uses the token that the one before it gave.
    Refresh {
        /// Everything in front of the body's length.
        head: String,
        /// The token to use next.
        token: String,
    },
}

impl Work {
    /// The next request.
    pub(crate) fn next(&self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Same { request, .. } => out.extend_from_slice(request),
            Self::Refresh { head, token } => {
                let body = format!("grant_type=refresh_token&refresh_token={token}");
                let length = body.len();
                out.extend_from_slice(format!("{head}{length}\r\n\r\n{body}").as_bytes());
            }
        }
    }

    /// Checks its answer, and learns from it.
    pub(crate) fn accept(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        ensure!(
            answer.status == 200,
            "the answer was {}: {}",
            answer.status,
            answer.body
        );
        match self {
            Self::Same { field, .. } => {
                ensure!(answer.body.contains(*field), "an answer lacks {field}");
            }
            Self::Refresh { token, .. } => {
                let new = member(answer.body, "refresh_token")?;
                ensure!(new != *token, "the refresh token was not rotated");
                *token = new;
            }
        }
        Ok(())
    }
}

/// A POST of a form by the confidential client, up to the value of `Content-Length`.
pub(crate) fn post_head(target: &Target, path: &str) -> String {
    let Ready {
        client_id,
        client_secret,
        ..
    } = &target.ready;
    let basic = STANDARD.encode(format!("{client_id}:{client_secret}"));
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
        target.address
    )
}

/// A POST of a form by the confidential client.
pub(crate) fn post(target: &Target, path: &str, form: &[(&str, &str)]) -> Vec<u8> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    format!("{}{}\r\n\r\n{body}", post_head(target, path), body.len()).into_bytes()
}

/// A GET by nobody in particular.
pub(crate) fn get(target: &Target, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", target.address).into_bytes()
}

/// A text out of a JSON body.
pub(crate) fn member(body: &str, name: &str) -> anyhow::Result<String> {
    let body: Value = serde_json::from_str(body)?;
    let value = body.get(name).and_then(Value::as_str);
    Ok(value
        .with_context(|| format!("an answer lacks {name}"))?
        .to_owned())
}
