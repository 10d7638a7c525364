//! The check of an ID token, with the server's keys fetched where they are needed.

use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL};

use super::{FlowError, Request, Response};
use crate::id_token::{self, IdClaims, IdTokenExpect, IdTokenFault};
use crate::jose::{KeySet, LEEWAY};
use crate::message::known::KnownSecrets;
use crate::message::token::TokenResponse;
use crate::{ClientId, Secret, Timestamp};

/// How often keys that cannot be had are asked for again: after 1, 2 and 4 seconds.
const MAX_FAILURES: u32 = 3;

/// How an ID token is to be checked (OpenID Connect Core §3.1.3.7, §12.2).
#[derive(Clone, Debug)]
pub struct IdTokenSetup {
    /// The issuer.
    pub issuer: String,
    /// What the issuer looks like at a server of many tenants.
    pub issuer_template: Option<String>,
    /// `jwks_uri`.
    pub jwks_uri: String,
    /// Who we are.
    pub client_id: ClientId,
    /// Our secret, for ID tokens that are signed with it (HS256).
    pub client_secret: Option<Secret>,
    /// `id_token_signing_alg_values_supported`; none means any asymmetric one.
    pub algorithms: Vec<String>,
    /// The `nonce` that the request had.
    pub nonce: Option<String>,
    /// The `max_age` that the request had, in seconds.
    pub max_age: Option<u64>,
    /// The `acr_values` that the request demanded.
    pub acr_values: Vec<String>,
    /// Of whom the ID token before was, where this is a refresh.
    pub subject: Option<String>,
    /// Whether an answer without an ID token is refused: `openid` was in the scope, and this is no refresh.
    pub required: bool,
}

/// A check under way.
#[derive(Debug)]
pub(super) struct IdCheck {
    token: Secret,
    expect: IdTokenExpect,
    jwks_uri: String,
    /// Whether the keys were asked for past every cache.
    reloaded: bool,
    asked: bool,
    required: bool,
    failures: u32,
}

/// What is thought of an ID token so far.
pub(super) enum Opinion {
    /// Keys are needed: send this.
    Ask(Box<Request>),
    /// It is good.
    Good(Box<IdClaims>),
}

impl IdCheck {
    /// Looks at the ID token of an answer, if it has one.
    pub(super) fn begin(
        setup: &IdTokenSetup,
        answer: &TokenResponse,
        now: Timestamp,
    ) -> Result<Option<(Self, Opinion)>, FlowError> {
        let Some(token) = &answer.id_token else {
            return if setup.required {
                let text = "openid was asked for, and there is no ID token in it";
                Err(FlowError::BadAnswer(text.to_owned()))
            } else {
                Ok(None)
            };
        };
        let mut check = Self {
            token: token.clone(),
            expect: IdTokenExpect {
                issuer: setup.issuer.clone(),
                issuer_template: setup.issuer_template.clone(),
                client_id: setup.client_id.clone(),
                client_secret: setup.client_secret.clone(),
                algorithms: setup.algorithms.clone(),
                nonce: setup.nonce.clone(),
                max_age: setup.max_age,
                acr_values: setup.acr_values.clone(),
                subject: setup.subject.clone(),
                access_token: Some(answer.access_token.clone()),
                code: None,
                leeway: LEEWAY,
            },
            jwks_uri: setup.jwks_uri.clone(),
            reloaded: false,
            asked: false,
            required: setup.required,
            failures: 0,
        };
        // One that is signed with our own secret needs no keys.
        let opinion = check.judge(&KeySet::default(), now)?;
        Ok(Some((check, opinion)))
    }

    /// The keys are here.
    pub(super) fn hear(
        &mut self,
        response: &Response,
        now: Timestamp,
    ) -> Result<Opinion, FlowError> {
        if !response.status().is_success() {
            return Err(super::post::refusal(response, &KnownSecrets::default()));
        }
        let keys = KeySet::parse(response.body())
            .map_err(|fault| FlowError::BadAnswer(fault.to_owned()))?;
        self.judge(&keys, now)
    }

    /// Asks for the keys.
    pub(super) fn ask(&self) -> Result<Request, FlowError> {
        document(&self.jwks_uri, self.reloaded)
    }

    /// How long to wait before keys that could not be had are asked for again; `None` when that has been done enough.
    pub(super) fn pause(&mut self) -> Option<Duration> {
        self.failures += 1;
        (self.failures <= MAX_FAILURES).then(|| Duration::from_secs(1 << (self.failures - 1)))
    }

    /// Whether the token may be taken without its ID token.
    pub(super) fn is_dispensable(&self) -> bool {
        !self.required
    }

    /// A key that is not known may be new: the keys are asked for once more, past every cache.
    fn judge(&mut self, keys: &KeySet, now: Timestamp) -> Result<Opinion, FlowError> {
        match id_token::check(self.token.expose(), keys, &self.expect, now) {
            Ok(claims) => Ok(Opinion::Good(Box::new(claims))),
            Err(IdTokenFault::UnknownKey) if !self.reloaded => {
                self.reloaded = self.asked;
                self.asked = true;
                self.ask().map(|request| Opinion::Ask(Box::new(request)))
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

/// A GET of a public document; `anew` past every cache.
pub(super) fn document(url: &str, anew: bool) -> Result<Request, FlowError> {
    let mut request = http::Request::get(url).header(ACCEPT, "application/json");
    if anew {
        request = request.header(CACHE_CONTROL, "no-cache");
    }
    request
        .body(Vec::new())
        .map_err(|_| FlowError::Setup(format!("{url:?} is not a URL")))
}
