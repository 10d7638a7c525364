//! One authenticated request: attached, sent, and repeated once for each thing that mends a refusal. Who sends it is
//! not said here: [`run`] does it over our own transport, the tower layer over somebody else's.

mod look;

use std::sync::Arc;

use bytes::Bytes;
use gatepass_http::{Body, Resource};
use gatepass_proto::Secret;
use gatepass_proto::flow::Skew;
use gatepass_proto::message::challenge::Challenge;
use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Response as Answer};
use url::{Position, Url};

use crate::digest::{self, Asked};
use crate::discover::Challenged;
use crate::refusal::{StepUp, Verdict, challenges};
use crate::renew::Why;
use crate::{Credential, Error, Response, Session};

/// A request on its way to an answer that stands.
pub(crate) struct Exchange {
    session: Session,
    method: Method,
    url: Url,
    /// What it asks for, as its sender writes it, where that is not the URL's own way.
    target: Option<PathAndQuery>,
    /// Its headers, without the credential.
    headers: HeaderMap,
    /// Its body, where that is known and a digest may be of it.
    body: Option<Bytes>,
    /// The token or password of the last try.
    shown: Option<Secret>,
    /// What the last refusal said of the resource, until it has been looked into.
    named: Option<Challenged>,
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
    /// A nonce that was too old.
    stale: bool,
    /// More scope.
    scope: bool,
    /// To find out who issues tokens for it.
    found: bool,
    /// Whether there is a closer resource, before what else was tried and after.
    looked: [bool; 2],
    /// Whether the resource has moved.
    followed: bool,
}

/// What one try is sent with, the credential on it.
pub(crate) struct Head {
    /// The URL, where the credential has changed it.
    pub(crate) url: Option<Url>,
    pub(crate) headers: HeaderMap,
}

/// Sends it until an answer stands. It is for whom the credential is for: [`Session::send`] has seen to that.
pub(crate) async fn run(mut session: Session, request: Resource) -> Result<Response, Error> {
    let mut body = request.body;
    // What can be sent once only is not what to find out with.
    if matches!(session.inner.credential, Credential::Discover(_)) && body.try_clone().is_none() {
        session = Box::pin(session.session_for(&request.url)).await?;
    }
    let mut exchange = Exchange::new(session, request.method, request.url, request.headers)?;
    let mut patience = None;
    loop {
        let again = body.try_clone();
        let request = exchange.next(body).await?;
        let transport = &exchange.session.inner.transport;
        let for_one_use = request.needs_new_credential();
        if for_one_use {
            patience.get_or_insert_with(|| transport.patience());
        }
        let sent = transport.fetch(request);
        let (by, answer) = sent.await?;
        let verdict = exchange.judge(&by, &answer)?;
        let verdict = exchange.look(verdict).await;
        let Some(repeat) = again else {
            return Ok(Response::new(by, answer, verdict.advice()));
        };
        // Elsewhere it came without the credential, and the transport was patient itself.
        let ours = for_one_use && by.origin() == exchange.url.origin();
        let patience = patience.as_mut().filter(|_| ours);
        let wait = patience.and_then(|own| own.after(answer.status(), answer.headers()));
        if let Some(wait) = wait {
            drop(answer);
            tracing::debug!(?wait, "the server asks for patience");
            tokio::time::sleep(wait).await;
        } else if !exchange.mend(&verdict).await? {
            return Ok(Response::new(by, answer, verdict.advice()));
        }
        body = repeat;
    }
}

impl Exchange {
    /// For a request of these.
    ///
    /// # Errors
    ///
    /// It is for somebody that the credential is not for.
    pub(crate) fn new(
        session: Session,
        method: Method,
        url: Url,
        headers: HeaderMap,
    ) -> Result<Self, Error> {
        let session = session.settled(Some(&url));
        session.inner.admit(&url)?;
        Ok(Self {
            session,
            method,
            url,
            target: None,
            headers,
            body: None,
            shown: None,
            named: None,
            tried: Tried::default(),
        })
    }

    /// The same of a request whose sender writes its target like this.
    pub(crate) fn written_as(self, target: Option<PathAndQuery>) -> Self {
        Self { target, ..self }
    }

    /// The URL that it is sent to.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    async fn next(&mut self, body: Body) -> Result<Resource, Error> {
        if let Credential::Digest { .. } = self.session.inner.credential {
            self.body = body.as_bytes().cloned();
        }
        let head = self.head().await?;
        Ok(Resource {
            method: self.method.clone(),
            url: head.url.unwrap_or_else(|| self.url.clone()),
            headers: head.headers,
            body,
            within: self.session.inner.within.clone(),
        })
    }

    /// The head of the next try. What is rare, here and below, has its future in a box: each request would move it about.
    pub(crate) async fn head(&mut self) -> Result<Head, Error> {
        if let Some((value, token)) = self.session.inner.bearer_at_hand() {
            let mut headers = self.headers.clone();
            headers.insert(AUTHORIZATION, value);
            self.shown = Some(token);
            return Ok(Head { url: None, headers });
        }
        Box::pin(self.attached()).await
    }

    async fn attached(&mut self) -> Result<Head, Error> {
        let inner = &self.session.inner;
        let mut headers = self.headers.clone();
        if let Credential::Discover(_) = inner.credential {
            return Ok(Head { url: None, headers });
        }
        let request = Some((&self.method, &self.url));
        let mut attachment = self.session.attach(request).await?;
        let target = match &self.target {
            Some(target) => target.as_str(),
            None => &self.url[Position::BeforePath..Position::AfterQuery],
        };
        let asked = Asked {
            method: &self.method,
            target,
            body: self.body.as_deref(),
        };
        inner.answer_challenge(&mut attachment, &asked)?;
        let url = attachment.put(&mut headers, &self.url)?;
        self.shown = Some(attachment.secret);
        Ok(Head { url, headers })
    }

    /// What an answer means. What later requests need to know of it is known then: nonces, a challenge, that the token
    /// is refused. Only whom the credential was sent to is believed about it.
    ///
    /// What it says of the resource is for [`Exchange::look`], which comes next.
    pub(crate) fn judge<B>(&mut self, by: &Url, answer: &Answer<B>) -> Result<Verdict, Error> {
        let inner = &self.session.inner;
        if !inner.is_ours(by) {
            return Ok(Verdict::Stands);
        }
        let proofs = inner.state().proofs.clone();
        if let Some(proofs) = proofs {
            proofs.learn(by, answer.headers());
        }
        let verdict = match &inner.credential {
            Credential::Digest { .. } => {
                inner.learn_next_nonce(answer.headers());
                Verdict::of_digest(answer)
            }
            Credential::Discover(_) => Verdict::of_nobody(answer),
            credential if credential.makes_tokens() => Verdict::of_token(answer),
            _ => Verdict::Stands,
        };
        match &verdict {
            Verdict::Token if inner.is_discovered() => {}
            Verdict::Token if !self.tried.token => self.is_refused(None),
            Verdict::Proof if !self.tried.date => {
                inner.state().skew = Skew::of(answer.headers(), inner.clock.now());
            }
            Verdict::Digest(challenges) => inner.challenged(challenges, self.url.path())?,
            _ => {}
        }
        let refused = matches!(answer.status().as_u16(), 401 | 403);
        let of_proof = matches!(verdict, Verdict::Nonce | Verdict::Proof);
        let looks = refused && !of_proof && inner.is_discovered();
        self.named = looks.then(|| Challenged::by(challenges(answer)));
        Ok(verdict)
    }

    /// Does what mends it, if that has not been tried; whether the request is worth another try.
    pub(crate) async fn mend(&mut self, verdict: &Verdict) -> Result<bool, Error> {
        match verdict {
            Verdict::Stands => Ok(false),
            refusal => Box::pin(self.mend_refusal(refusal)).await,
        }
    }

    async fn mend_refusal(&mut self, refusal: &Verdict) -> Result<bool, Error> {
        let first = |flag: &mut bool| !std::mem::replace(flag, true);
        match refusal {
            Verdict::Nonce => Ok(first(&mut self.tried.nonce)),
            Verdict::Proof => Ok(first(&mut self.tried.date) && self.is_dated_wrong()),
            Verdict::Digest(challenges) => Ok(self.answers_again(challenges)),
            Verdict::Token if first(&mut self.tried.token) => {
                let Some(shown) = self.shown.clone() else {
                    return Ok(false);
                };
                let refused = Why::Rejected(shown);
                let renewed = self.session.inner.renewed(refused).await;
                self.session.or_person(renewed).await?;
                Ok(true)
            }
            Verdict::StepUp(wanted) if first(&mut self.tried.step_up) => self.step_up(wanted).await,
            Verdict::Scope(Some(wanted)) if first(&mut self.tried.scope) => {
                let shown = self.shown.as_ref();
                self.session.widen(wanted, shown).await
            }
            Verdict::Unknown(challenged) if first(&mut self.tried.found) => {
                let Some(session) = self.session.meet(&self.url, challenged).await? else {
                    return Ok(false);
                };
                session.inner.admit(&self.url)?;
                self.session = session;
                Ok(true)
            }
            Verdict::Closer(challenged) => {
                let met = self.session.meet_closer(&self.url, challenged).await?;
                self.goes_on_with(met)
            }
            // Nobody leaves a server who cannot log in at the next.
            Verdict::Moved
                if self.session.inner.person.is_some() && first(&mut self.tried.followed) =>
            {
                let moved = self.session.follow().await?;
                self.goes_on_with(moved)
            }
            _ => Ok(false),
        }
    }

    /// Whether a challenge is answered: the first, and once more if only the nonce was too old. An answer that was wrong is
    /// not given again: the next request asks what the server wants.
    fn answers_again(&mut self, challenges: &[Challenge]) -> bool {
        let stale = digest::is_stale(challenges) && self.tried.digest;
        let flag = match stale {
            true => &mut self.tried.stale,
            false => &mut self.tried.digest,
        };
        let again = !std::mem::replace(flag, true);
        if !again {
            self.session.inner.state().digest = None;
        }
        again
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
