//! One authenticated request: attached, sent, and repeated once for each thing that mends a refusal. Who sends it is
//! not said here: [`run`] does it over our own transport, the tower layer over somebody else's.

use std::sync::Arc;

use gatepass_http::{AnsweredBy, Body, ResourceTransport as _};
use gatepass_proto::Secret;
use gatepass_proto::flow::Skew;
use http::request::Parts;
use http::{Request, Response as Answer};
use url::Url;

use crate::refusal::{StepUp, Verdict};
use crate::renew::Why;
use crate::{Credential, Error, Response, Session};

/// A request on its way to an answer that stands.
pub(crate) struct Exchange {
    session: Session,
    parts: Parts,
    url: Url,
    /// The token or password of the last try.
    shown: Secret,
    tried: Tried,
}

/// What has been tried against a refusal.
#[derive(Default)]
struct Tried {
    token: bool,
    nonce: bool,
    date: bool,
    step_up: bool,
    digest: bool,
}

/// Sends it until an answer stands.
pub(crate) async fn run(session: &Session, request: Request<Body>) -> Result<Response, Error> {
    let (parts, mut body) = request.into_parts();
    let mut exchange = Exchange::new(session, parts)?.written_as_by_the_transport();
    loop {
        let head = exchange.head().await?;
        let again = body.try_clone();
        let request = Request::from_parts(head, body);
        let answer = session.inner.transport.send_resource(request).await?;
        let verdict = exchange.judge(&answer)?;
        let Some(repeat) = again else {
            return Ok(Response::new(answer, verdict.advice()));
        };
        if !exchange.mend(&verdict).await? {
            return Ok(Response::new(answer, verdict.advice()));
        }
        drop(answer);
        body = repeat;
    }
}

impl Exchange {
    /// For a request of this head.
    ///
    /// # Errors
    ///
    /// It is for somebody that the credential is not for.
    pub(crate) fn new(session: &Session, parts: Parts) -> Result<Self, Error> {
        let url = session.inner.check_origin(&parts.uri)?;
        Ok(Self {
            session: session.clone(),
            parts,
            url,
            shown: Secret::new(""),
            tried: Tried::default(),
        })
    }

    /// A digest is of the request's target to the letter.
    fn written_as_by_the_transport(mut self) -> Self {
        let digest = matches!(self.session.inner.credential, Credential::Digest { .. });
        if digest && let Ok(uri) = self.url.as_str().parse() {
            self.parts.uri = uri;
        }
        self
    }

    /// The head of the next try, with the credential on it.
    pub(crate) async fn head(&mut self) -> Result<Parts, Error> {
        let inner = &self.session.inner;
        let request = Some((&self.parts.method, &self.url));
        let mut attachment = self.session.attach(request).await?;
        let target = self
            .parts
            .uri
            .path_and_query()
            .map_or("/", |own| own.as_str());
        inner.answer_challenge(&mut attachment, &self.parts.method, target)?;
        let mut head = self.parts.clone();
        attachment.put(&mut head)?;
        self.shown = attachment.secret;
        Ok(head)
    }

    /// What an answer means. What later requests need to know of it is known then: nonces, a challenge, that the token
    /// is refused. Only whom the credential was sent to is believed about it.
    pub(crate) fn judge<B>(&self, answer: &Answer<B>) -> Result<Verdict, Error> {
        let inner = &self.session.inner;
        let by = answer.extensions().get::<AnsweredBy>();
        let by = by.map_or(&self.url, |AnsweredBy(url)| url);
        if !inner.is_ours(by) {
            return Ok(Verdict::Stands);
        }
        let proofs = inner.state().proofs.clone();
        if let Some(proofs) = proofs {
            proofs.learn(by, answer.headers());
        }
        let verdict = match &inner.credential {
            Credential::Digest { .. } => Verdict::of_digest(answer),
            credential if credential.makes_tokens() => Verdict::of_token(answer),
            _ => Verdict::Stands,
        };
        match &verdict {
            Verdict::Token if !self.tried.token => {
                tracing::debug!("the resource refused the token");
                inner.state().rejected = Some(self.shown.clone());
            }
            Verdict::Proof if !self.tried.date => {
                inner.state().skew = Skew::of(answer.headers(), inner.clock.now());
            }
            Verdict::Digest(challenges) => inner.challenged(challenges, self.parts.uri.path())?,
            _ => {}
        }
        Ok(verdict)
    }

    /// Does what mends it, if that has not been tried; whether the request is worth another try.
    pub(crate) async fn mend(&mut self, verdict: &Verdict) -> Result<bool, Error> {
        let first = |flag: &mut bool| !std::mem::replace(flag, true);
        match verdict {
            Verdict::Stands | Verdict::Scope(_) => Ok(false),
            Verdict::Nonce => Ok(first(&mut self.tried.nonce)),
            Verdict::Proof => Ok(first(&mut self.tried.date) && self.is_dated_wrong()),
            Verdict::Digest(_) => Ok(first(&mut self.tried.digest)),
            Verdict::Token if first(&mut self.tried.token) => {
                let refused = Why::Rejected(self.shown.clone());
                let renewed = self.session.inner.renewed(refused).await;
                self.session.or_person(renewed).await?;
                Ok(true)
            }
            Verdict::StepUp(wanted) if first(&mut self.tried.step_up) => self.step_up(wanted).await,
            _ => Ok(false),
        }
    }

    /// Whether the resource's clock has shown that ours is not to be gone by.
    fn is_dated_wrong(&self) -> bool {
        let skew = self.session.inner.state().skew;
        skew.is_some_and(Skew::matters)
    }

    /// Logs in again as the resource wants it, where a person is there.
    async fn step_up(&self, wanted: &StepUp) -> Result<bool, Error> {
        let Some((person, options)) = &self.session.inner.person else {
            return Ok(false);
        };
        let mut options = options.clone();
        options.params.extend(wanted.params());
        self.session
            .log_in_anew(Arc::clone(person), options)
            .await?;
        Ok(true)
    }
}
