//! Who passes.

use axum::body::Body;
use gatepass_guard::{Access, Identity, Refusal, Requirement, X_API_KEY, is_grpc};
use gatepass_proto::ErrorCode;
use gatepass_proto::base::opaque::API_KEY;
use gatepass_proto::dpop::DPOP;
use gatepass_proto::message::credentials::Credentials;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, Request, Response, StatusCode};

use super::Parts;
use super::answers::refuse;
use crate::login::{BrowserLogin, StepUp, Visit, Visitor};
use crate::outcome::Outcome;

/// What is counted of a request that a page of another site has sent with somebody's session or password.
const CROSS_SITE: &str = "cross_site";

/// What becomes of a request.
pub(crate) enum Verdict {
    /// It passes; with nobody's name where nobody is asked for one.
    Pass(Option<Box<Identity>>),
    /// It does not, but a person is there who can log in, and in this way: [`Parts::send_off`].
    LogIn(StepUp),
    /// It does not, and this is the answer.
    Answer(Response<Body>),
}

impl Parts {
    /// Judges a request by its rule.
    pub(crate) async fn judge<B>(&self, request: &mut Request<B>) -> Verdict {
        let nothing = Requirement::default();
        match self.rules.access(request.method(), request.uri().path()) {
            Ok(Access::Open) => Verdict::Pass(None),
            Ok(Access::Required(required)) => self.admit(request, required).await,
            Ok(Access::Denied) => {
                Verdict::Answer(self.refuse(&Refusal::Denied, &nothing, request.headers()))
            }
            Err(fault) => Verdict::Answer(self.refuse(&fault.into(), &nothing, request.headers())),
        }
    }

    /// The refusal, as the guard words it for whoever asks.
    pub(crate) fn refuse(
        &self,
        why: &Refusal,
        required: &Requirement,
        asked: &HeaderMap,
    ) -> Response<Body> {
        let answer = match is_grpc(asked) {
            true => self.guard.refuse_grpc(why, required),
            false => self.guard.refuse(why, required),
        };
        Outcome::Error(why.code()).mark(answer)
    }

    /// Credentials come first: who sends some means them, whatever cookie comes along.
    async fn admit<B>(&self, request: &mut Request<B>, required: &Requirement) -> Verdict {
        if let Some(login) = self.login.as_deref().filter(|_| !shows(request.headers())) {
            let visit = Visit::from(&*request);
            match login.visitor(&visit) {
                Visitor::Known(identity) => return self.known(login, &visit, identity, required),
                Visitor::CrossSite => {
                    let answer = Outcome::Error(CROSS_SITE).mark(login.turn_away());
                    return Verdict::Answer(answer);
                }
                Visitor::Due => return log_in(required),
                Visitor::Stranger if login.wants_login(&visit) => return log_in(required),
                Visitor::Stranger => {}
            }
        }
        if self.is_in_anothers_name(&Visit::from(&*request)) {
            let text = "a page of another site has sent this request with a password that the browser remembers";
            let answer = refuse(StatusCode::FORBIDDEN, "access_denied", text);
            return Verdict::Answer(Outcome::Error(CROSS_SITE).mark(answer));
        }
        let authorization = request.headers().get(AUTHORIZATION).cloned();
        match self.guard.check(request, required).await {
            Ok(identity) => {
                // The guard has taken it away; `cleanse` does, unless the settings say otherwise.
                if let Some(authorization) = authorization {
                    request.headers_mut().insert(AUTHORIZATION, authorization);
                }
                Verdict::Pass(Some(Box::new(identity)))
            }
            Err(why) => Verdict::Answer(self.refuse(&why, required, request.headers())),
        }
    }

    /// Somebody with a session. A login that is too old, or not good enough, is made again where a person is there.
    fn known(
        &self,
        login: &BrowserLogin,
        visit: &Visit<'_>,
        identity: Box<Identity>,
        required: &Requirement,
    ) -> Verdict {
        match self.guard.compare(&identity, required) {
            Ok(()) => Verdict::Pass(Some(identity)),
            Err(Refusal::InsufficientLogin) if login.wants_login(visit) => log_in(required),
            Err(why) => Verdict::Answer(self.refuse(&why, required, visit.headers)),
        }
    }

    /// Sends a person off to log in.
    pub(crate) async fn send_off(&self, visit: &Visit<'_>, step_up: &StepUp) -> Response<Body> {
        match &self.login {
            Some(login) => {
                let answer = login.begin(visit, step_up).await;
                let outcome = match answer.status().is_redirection() {
                    true => Outcome::LogIn,
                    false => Outcome::Error(ErrorCode::TemporarilyUnavailable.as_str()),
                };
                outcome.mark(answer)
            }
            None => self.refuse(
                &Refusal::NoCredentials,
                &Requirement::default(),
                visit.headers,
            ),
        }
    }

    /// Takes out what shows who asks, and what would be believed to come from here. It goes no further (RFC 9700 §4.10).
    pub(crate) fn cleanse(&self, headers: &mut HeaderMap) {
        let passes = self.config.identity.pass_authorization;
        if !passes || (!self.config.api_key.is_empty() && has_key(headers)) {
            headers.remove(AUTHORIZATION);
        }
        for name in [X_API_KEY, DPOP, PROXY_AUTHORIZATION] {
            headers.remove(name);
        }
        if let Some(name) = &self.certificate_header {
            headers.remove(name);
        }
        if let Some(login) = &self.login {
            login.strip(headers);
        }
        self.introduction.reserved.strip(headers);
    }
}

/// Whether a request carries credentials of its own.
fn shows(headers: &HeaderMap) -> bool {
    [AUTHORIZATION, X_API_KEY, DPOP]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Whether an API key stands where tokens do. It is for the guard alone, and good for long.
fn has_key(headers: &HeaderMap) -> bool {
    let values = headers.get_all(AUTHORIZATION).iter();
    let mut read = values.filter_map(|value| Credentials::parse(value.to_str().ok()?).ok());
    read.any(|own| matches!(own, Credentials::Bearer(key) if key.expose().starts_with(API_KEY)))
}

fn log_in(required: &Requirement) -> Verdict {
    Verdict::LogIn(StepUp {
        acr_values: required.acr_values.clone(),
        max_age: required.max_age,
    })
}
