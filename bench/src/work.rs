//! What one connection asks, and how each answer is checked.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::connection::Answer;
use crate::program::{Known, REDIRECT_URI};
use crate::target::Target;

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
    /// A browser that is logged in asks for a code and gets it at once, for the person has consented before; the client
    /// redeems it.
    Code {
        /// The browser's request.
        authorize: Vec<u8>,
        /// Everything in front of the length of the client's body.
        head: String,
        /// The code that was got and not redeemed yet.
        code: Option<String>,
    },
}

/// PKCE (RFC 7636): what it costs the server does not depend on the verifier.
const VERIFIER: &str = "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789";

impl Work {
    /// The next request.
    pub(crate) fn next(&self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Self::Same { request, .. } => out.extend_from_slice(request),
            Self::Refresh { head, token } => {
                let body = format!("grant_type=refresh_token&refresh_token={token}");
                put(out, head, &body);
            }
            Self::Code {
                code: None,
                authorize,
                ..
            } => out.extend_from_slice(authorize),
            Self::Code {
                head,
                code: Some(code),
                ..
            } => put(out, head, &redemption(code)),
        }
    }

    /// Checks its answer, and learns from it; whether that was all of it.
    pub(crate) fn accept(&mut self, answer: &Answer<'_>) -> anyhow::Result<bool> {
        if let Self::Code { code, .. } = self
            && code.is_none()
        {
            *code = Some(code_in(answer)?);
            return Ok(false);
        }
        ensure!(answer.status == 200, "the answer was {}", answer.told());
        match self {
            Self::Same { field, .. } => {
                ensure!(answer.body.contains(*field), "an answer lacks {field}");
            }
            Self::Refresh { token, .. } => {
                let new = member(answer.body, "refresh_token")?;
                ensure!(new != *token, "the refresh token was not rotated");
                *token = new;
            }
            Self::Code { code, .. } => {
                member(answer.body, "access_token")?;
                *code = None;
            }
        }
        Ok(true)
    }
}

fn put(out: &mut Vec<u8>, head: &str, body: &str) {
    out.extend_from_slice(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes());
}

/// What a browser asks for on behalf of the client; `prompt` is `none` when there is nothing left to be asked.
pub(crate) fn authorization_request(target: &Target, prompt: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &target.known.client_id)
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("scope", "openid read write")
        .append_pair("prompt", prompt)
        .append_pair("state", "af0ifjsldkj")
        .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(digest))
        .append_pair("code_challenge_method", "S256")
        .finish();
    format!("{}?{query}", target.dialect.authorize)
}

/// The body by which a code is redeemed.
pub(crate) fn redemption(code: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("code_verifier", VERIFIER)
        .finish()
}

/// The code in an answer that sends the browser back to the client.
pub(crate) fn code_in(answer: &Answer<'_>) -> anyhow::Result<String> {
    let back = answer
        .location()
        .and_then(|to| to.strip_prefix(REDIRECT_URI));
    let query = back.and_then(|back| back.strip_prefix('?'));
    let query = query.with_context(|| format!("no way back to the client: {}", answer.told()))?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let code = pairs.find(|(name, _)| name == "code");
    Ok(code
        .with_context(|| format!("no code: {query}"))?
        .1
        .into_owned())
}

/// A POST of a form by the confidential client, up to the value of `Content-Length`.
pub(crate) fn post_head(target: &Target, path: &str) -> String {
    let Known {
        client_id,
        client_secret,
        ..
    } = &target.known;
    head(target, path, client_id, client_secret)
}

/// A POST of a form by the client whose tokens are opaque.
pub(crate) fn post_opaquely(target: &Target, path: &str, form: &[(&str, &str)]) -> Vec<u8> {
    let Known {
        client_id,
        client_secret,
        opaque,
        ..
    } = &target.known;
    let same = || (&**client_id, &**client_secret);
    let other = opaque.as_ref().map(|(id, secret)| (&**id, &**secret));
    let (id, secret) = other.unwrap_or_else(same);
    whole(&head(target, path, id, secret), &written(form))
}

fn head(target: &Target, path: &str, client_id: &str, client_secret: &str) -> String {
    let basic = STANDARD.encode(format!("{client_id}:{client_secret}"));
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
        target.address
    )
}

/// A POST of a form by the confidential client.
pub(crate) fn post(target: &Target, path: &str, form: &[(&str, &str)]) -> Vec<u8> {
    post_body(target, path, &written(form))
}

fn written(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// The same of a form that is written already.
pub(crate) fn post_body(target: &Target, path: &str, body: &str) -> Vec<u8> {
    whole(&post_head(target, path), body)
}

fn whole(head: &str, body: &str) -> Vec<u8> {
    format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes()
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
