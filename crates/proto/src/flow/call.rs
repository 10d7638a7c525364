//! One question to an endpoint that takes a form and the client's proof (RFC 6749 §3.2).

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use url::Url;

use super::skew::Skew;
use super::{FlowError, Request, Response};
use crate::client_auth::{ClientCredentials, Draft};
use crate::dpop::{self, DPOP, Dpop};
use crate::grant::jwt_bearer::Statement;
use crate::message::known::KnownSecrets;
use crate::message::token::ErrorResponse;
use crate::{Cx, Params};

/// An endpoint of an authorization server, and how a client shows itself there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its URL.
    pub url: String,
    /// Who we are.
    pub client: ClientCredentials,
    /// The key that tokens are bound to, where they are (RFC 9449).
    pub dpop: Option<Dpop>,
}

impl Endpoint {
    /// An endpoint that is asked without a DPoP proof.
    pub fn new(url: impl Into<String>, client: ClientCredentials) -> Self {
        Self {
            url: url.into(),
            client,
            dpop: None,
        }
    }
}

/// The question. It is asked once more when the server wants its nonce in the proof (RFC 9449 §8), or refuses a
/// signature that our wrong clock has dated.
#[derive(Debug)]
pub(super) struct Call {
    endpoint: Endpoint,
    params: Params,
    /// What is signed anew each time.
    statement: Option<Statement>,
    /// Once an answer has said so.
    skew: Option<Skew>,
    repeats: u8,
    /// The secrets that have been sent.
    known: KnownSecrets,
}

/// What an answer means to the conversation.
pub(super) enum Heard {
    /// The same question again, by another proof.
    Again(Request),
    /// The answer.
    Answer(Response),
}

impl Call {
    pub(super) fn new(endpoint: Endpoint, params: Params) -> Self {
        Self {
            endpoint,
            params,
            statement: None,
            skew: None,
            repeats: 0,
            known: KnownSecrets::default(),
        }
    }

    /// With a statement, whose signature is dated when it is sent.
    pub(super) fn stating(mut self, statement: Option<Statement>) -> Self {
        self.statement = statement;
        self
    }

    /// The secrets that the server has been shown. What it repeats of them is not to be shown.
    pub(super) fn known(&self) -> &KnownSecrets {
        &self.known
    }

    /// How far the server's clock is ahead of ours, where its answer said so.
    pub(super) fn skew(&self) -> Option<Skew> {
        self.skew
    }

    /// The question with a fresh proof of the client.
    pub(super) fn request(&mut self, cx: &mut Cx<'_>) -> Result<Request, FlowError> {
        // Proofs are dated by the server's clock where that is known to differ.
        let now = match self.skew {
            Some(skew) if self.repeats > 0 => skew.theirs(cx.now),
            _ => cx.now,
        };
        let cx = &mut Cx::new(now, cx.entropy);
        let Endpoint { url, client, dpop } = &self.endpoint;
        let mut draft = Draft {
            params: self.params.clone(),
            ..Draft::default()
        };
        if let Some(statement) = &self.statement {
            let assertion = statement
                .sign(cx)
                .map_err(|error| FlowError::Setup(error.to_string()))?;
            draft.params.push("assertion", assertion.expose());
        }
        client
            .attach(&mut draft, cx)
            .map_err(|lack| FlowError::Setup(lack.to_owned()))?;
        let target: Url = url
            .parse()
            .map_err(|_| FlowError::Setup(format!("{url:?} is not a URL")))?;
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(target.as_str())
            .body(draft.params.to_form().into_bytes())
            .map_err(|_| FlowError::Setup(format!("{url:?} is not a URL")))?;
        let headers = request.headers_mut();
        headers.extend(draft.headers);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(dpop) = dpop {
            let proof = dpop
                .proof(&Method::POST, &target, None, cx)
                .map_err(|error| FlowError::Setup(error.to_string()))?;
            headers.insert(DPOP, proof);
        }
        self.known.learn(&request);
        Ok(request)
    }

    /// The answer, or the same question once more.
    pub(super) fn hear(&mut self, response: Response, cx: &mut Cx<'_>) -> Result<Heard, FlowError> {
        self.skew = Skew::of(response.headers(), cx.now).or(self.skew);
        let fresh_nonce = self.learn(&response);
        if response.status().is_success() || self.repeats >= 2 {
            return Ok(Heard::Answer(response));
        }
        let error = ErrorResponse::parse(response.body()).map(|answer| answer.error);
        let error = error.as_deref();
        let nonce = fresh_nonce && dpop::wants_nonce(response.status(), response.headers(), error);
        if nonce || self.is_dated_wrong(error) {
            self.repeats += 1;
            return self.request(cx).map(Heard::Again);
        }
        Ok(Heard::Answer(response))
    }

    fn learn(&self, response: &Response) -> bool {
        let Endpoint { url, dpop, .. } = &self.endpoint;
        match (dpop, url.parse()) {
            (Some(dpop), Ok(url)) => dpop.learn(&url, response.headers()),
            _ => false,
        }
    }

    /// Whether the refusal may come of our clock alone: something was signed with a date, and the clocks differ.
    fn is_dated_wrong(&self, error: Option<&str>) -> bool {
        let differs = self.repeats == 0 && self.skew.is_some_and(Skew::matters);
        let proves = self.endpoint.dpop.is_some() || self.endpoint.client.signs();
        let states = self.statement.is_some();
        differs
            && match error {
                Some("invalid_client" | "invalid_dpop_proof") => proves,
                // RFC 7523 §3.1.
                Some("invalid_grant") => states,
                Some("invalid_request") => proves || states,
                _ => false,
            }
    }
}
