//! What a refusal looks like on the wire: challenges, and a body that says the same.

use bytes::Bytes;
use gatepass_proto::dpop::DPOP_NONCE;
use gatepass_proto::jose::ALGORITHMS;
use gatepass_proto::message::challenge::Challenge;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::refusal::Refusal;
use crate::requirement::Requirement;
use crate::resource::without_offline_access;

/// What the challenges of a guard say.
#[derive(Debug)]
pub(crate) struct Challenges<'a> {
    pub(crate) realm: &'a str,
    pub(crate) bearer: bool,
    pub(crate) basic: bool,
    pub(crate) dpop: bool,
    /// What proofs must have, where they must.
    pub(crate) nonce: Option<HeaderValue>,
    /// Where the metadata is.
    pub(crate) resource_metadata: Option<&'a str>,
    pub(crate) required: &'a Requirement,
}

impl Challenges<'_> {
    /// The answer, which nobody may keep.
    pub(crate) fn respond<B: From<Bytes>>(&self, why: &Refusal) -> Response<B> {
        let body = json!({ "error": why.code(), "error_description": why.to_string() });
        let mut response = Response::new(Bytes::from(body.to_string()).into());
        *response.status_mut() = why.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.mark(why, headers);
        response
    }

    /// The headers that every refusal has, in whatever protocol.
    pub(crate) fn mark(&self, why: &Refusal, headers: &mut HeaderMap) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = why.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        let challenges = self.of(why);
        // Whoever is told of proofs is told what they must have (RFC 9449 §9).
        let dpop = challenges.iter().any(|own| own.is("DPoP"));
        if let Some(nonce) = self.nonce.as_ref().filter(|_| dpop) {
            headers.insert(DPOP_NONCE, nonce.clone());
        }
        for challenge in challenges {
            if let Ok(value) = HeaderValue::from_bytes(challenge.to_string().as_bytes()) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
    }

    /// A 401 names every scheme that would do (RFC 9110 §11.6.1). The error stands where tokens are spoken of alone,
    /// and not at all where none was presented (RFC 6750 §3.1).
    fn of(&self, why: &Refusal) -> Vec<Challenge> {
        let mut list = Vec::new();
        let unauthorized = why.status() == StatusCode::UNAUTHORIZED;
        let steps_up = matches!(why, Refusal::InsufficientLogin);
        // A password says nothing of a login, so it would not do where one is asked for.
        let basic = self.basic && unauthorized && !steps_up;
        // Programs that read no further than the first challenge are mostly of the age of passwords, but for those that are
        // led by metadata.
        let first = self.resource_metadata.is_none();
        if basic && first {
            list.push(self.basic());
        }
        if self.bearer && (why.blames_token() || unauthorized) {
            let bearer = Challenge::new("Bearer").with("realm", self.realm);
            list.push(self.told(bearer, why, why.blames_token()));
        }
        let blames_binding = matches!(why, Refusal::InvalidBound(_) | Refusal::BadProof(_));
        let needs_more = matches!(why, Refusal::InsufficientScope | Refusal::InsufficientLogin);
        if self.dpop && (blames_binding || needs_more || matches!(why, Refusal::NoCredentials)) {
            let dpop = Challenge::new("DPoP").with("algs", ALGORITHMS.join(" "));
            list.push(self.told(dpop, why, blames_binding || needs_more));
        }
        if basic && !first {
            list.push(self.basic());
        }
        list
    }

    fn basic(&self) -> Challenge {
        let basic = Challenge::new("Basic").with("realm", self.realm);
        basic.with("charset", "UTF-8")
    }

    /// With what is wrong, and with what it takes to get in.
    fn told(&self, mut challenge: Challenge, why: &Refusal, with_error: bool) -> Challenge {
        if with_error {
            challenge = challenge
                .with("error", why.code())
                .with("error_description", why.to_string());
        }
        if matches!(why, Refusal::InsufficientLogin) {
            if !self.required.acr_values.is_empty() {
                let values = self.required.acr_values.join(" ");
                challenge = challenge.with("acr_values", values);
            }
            if let Some(max_age) = self.required.max_age {
                challenge = challenge.with("max_age", max_age.to_string());
            }
        }
        let scope: Vec<&str> = without_offline_access(&self.required.scope).collect();
        if !scope.is_empty() {
            challenge = challenge.with("scope", scope.join(" "));
        }
        match self.resource_metadata {
            Some(url) => challenge.with("resource_metadata", url),
            None => challenge,
        }
    }
}
