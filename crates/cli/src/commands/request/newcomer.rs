//! A request to a URL that no profile is for.

use gatepass_client::{Advice, Body, Found, Profile};
use gatepass_http::{Egress, HttpTransport};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Request};
use url::{Position, Url};

use super::redact::Redactor;
use super::{Sending, Sent, find, trace};
use crate::commands::init::ask::Asker;
use crate::commands::unknown::{self, Passwords, Wanted, token};
use crate::context::Context;
use crate::exit::Failure;
use crate::output;

/// How such a request is sent.
pub(super) struct Newcomer<'a> {
    sending: &'a Sending,
    context: &'a Context,
    egress: Egress,
    transport: HttpTransport,
}

/// A request that waits for a credential.
struct Waiting {
    url: Url,
    /// What can be sent as often as it takes to learn what is wanted: the request itself, unless its body can be sent
    /// once only.
    probe: Request<Body>,
    /// The request itself, where that is another.
    whole: Option<Request<Body>>,
}

impl<'a> Newcomer<'a> {
    /// By the rules of this command.
    ///
    /// # Errors
    ///
    /// The rules of the network make no sense.
    pub(super) fn new(sending: &'a Sending, context: &'a Context) -> Result<Self, Failure> {
        let egress = sending.egress()?;
        let transport = HttpTransport::new(egress.clone());
        Ok(Self {
            sending,
            context,
            egress,
            transport: transport.map_err(gatepass_client::Error::from)?,
        })
    }

    /// Sends it without a credential. Where one is wanted, it is got, and the request sent again with it.
    ///
    /// # Errors
    ///
    /// The network, somebody who said no, or what must not be believed.
    pub(super) async fn send(self, request: Request<Body>, url: &Url) -> Result<Sent, Failure> {
        if request.headers().contains_key(AUTHORIZATION) {
            return self.bare(request).await;
        }
        let mut waiting = Waiting::of(request, url)?;
        let answer = self.bare(copy(&waiting.probe)?).await?;
        let challenges = unknown::challenges(&answer.answer);
        if challenges.is_empty() {
            return match waiting.whole {
                Some(whole) => self.once(whole, url).await,
                None => Ok(answer),
            };
        }
        if !waiting.follow(answer.answer.url()) {
            return Ok(elsewhere(answer));
        }
        // What is asked for by one address may be answered by another, which is known.
        if let Some(profile) = find(None, &waiting.url, self.context)? {
            let Waiting { url, probe, whole } = waiting;
            let session = self.sending.session(&profile, self.context).await?;
            let request = whole.unwrap_or(probe);
            let sent = self.sending.by_session(&session, &profile, request, &url);
            return sent.await;
        }
        let settings = self
            .sending
            .client
            .settings(&self.sending.network, self.context)?;
        let asker = Asker::of_this_terminal();
        let typed = asker.present && self.sending.interaction.allowed();
        let url = &waiting.url;
        match unknown::wanted(url, &challenges, typed, settings, &self.egress).await? {
            Wanted::Token(found) => self.by_token(&found, waiting, answer).await,
            Wanted::Password(passwords) if typed => {
                self.by_password(passwords, waiting, asker).await
            }
            Wanted::Password(passwords) => Ok(answer.noting(passwords.advice())),
            Wanted::Unclear(advice) => Ok(answer.noting(advice)),
        }
    }

    /// Goes on with a request that was refused because the URL belongs to a resource of its own, closer than what the profile is
    /// for. `again` is the request, if it can be sent again.
    ///
    /// # Errors
    ///
    /// As [`Newcomer::send`].
    pub(super) async fn closer(
        mut self,
        again: Option<Request<Body>>,
        url: &Url,
        profile: &Profile,
        answer: Sent,
    ) -> Result<Sent, Failure> {
        let Some(Advice::Closer(challenges)) = answer.answer.advice() else {
            return Ok(answer);
        };
        let network = &self.sending.network;
        self.egress.extra_roots = network.egress_of(profile)?.extra_roots;
        let mut settings = self.sending.client.settings(network, self.context)?;
        settings.ca = settings.ca.or_else(|| profile.ca.clone());
        let Some(found) = token::find(url, challenges, settings, &self.egress).await? else {
            return Ok(answer);
        };
        let Some(probe) = again else {
            return Ok(answer.noting(gone(url)));
        };
        let (url, whole) = (url.clone(), None);
        let waiting = Waiting { url, probe, whole };
        self.by_token(&found, waiting, answer).await
    }

    /// Sends a request without any credential but what is in it.
    async fn bare(&self, request: Request<Body>) -> Result<Sent, Failure> {
        let redactor = self.sending.verbose.then(Redactor::default);
        if let Some(redactor) = &redactor {
            trace::request(&request, None, redactor).await;
        }
        let answer = unknown::send(request, &self.transport).await?;
        Ok(Sent::new(answer, redactor))
    }

    /// Sends what cannot be sent again, after a probe that was not refused.
    async fn once(&self, request: Request<Body>, url: &Url) -> Result<Sent, Failure> {
        let answer = self.bare(request).await?;
        if unknown::challenges(&answer.answer).is_empty() {
            return Ok(answer);
        }
        Ok(answer.noting(gone(url)))
    }

    /// Logs in, keeps what was found as a profile, and sends it with that.
    async fn by_token(
        &self,
        found: &Found,
        waiting: Waiting,
        answer: Sent,
    ) -> Result<Sent, Failure> {
        let Waiting { url, probe, whole } = waiting;
        if !self.sending.interaction.allowed() {
            return Ok(answer.noting(token::needed(found, &url)));
        }
        output::note(&format!("{}.", token::told(found)));
        let draft = token::draft(found, self.context)?;
        let session = self.sending.session(&draft, self.context).await?;
        let profile = token::enter(found, &url, &draft, &session, self.context).await?;
        let request = whole.unwrap_or(probe);
        self.sending
            .by_session(&session, &profile, request, &url)
            .await
    }

    /// Sends it with what somebody types.
    async fn by_password(
        &self,
        passwords: Passwords,
        waiting: Waiting,
        mut asker: Asker,
    ) -> Result<Sent, Failure> {
        let Waiting { url, probe, whole } = waiting;
        let send = async |session: &_| {
            let request = copy(&probe)?;
            let sent = self.sending.exchange(session, request, &url, Failure::from);
            sent.await.map(|sent| (sent.answer.status(), sent))
        };
        let (mut sent, session, typed) = passwords.prove(&mut asker, &self.egress, send).await?;
        if let Some(whole) = whole {
            let again = self.sending.exchange(&session, whole, &url, Failure::from);
            sent = again.await?;
        }
        sent.typed = Some((typed, asker));
        Ok(sent)
    }
}

impl Waiting {
    fn of(request: Request<Body>, url: &Url) -> Result<Self, Failure> {
        let url = url.clone();
        if request.body().try_clone().is_some() {
            return Ok(Self {
                url,
                probe: request,
                whole: None,
            });
        }
        // A GET changes nothing.
        let mut probe = Request::get(request.uri().clone())
            .body(Body::empty())
            .map_err(|error| Failure::error(error.to_string()))?;
        probe.headers_mut().clone_from(request.headers());
        for about_body in [CONTENT_TYPE, CONTENT_LENGTH] {
            probe.headers_mut().remove(about_body);
        }
        Ok(Self {
            url,
            probe,
            whole: Some(request),
        })
    }

    /// Goes on at the address that refused, if that is as good: of the same origin, and reached by a request that may be
    /// sent there again.
    fn follow(&mut self, by: &Url) -> bool {
        let sent_to = |url: &Url| url[..Position::AfterQuery].to_owned();
        if sent_to(by) == self.probe.uri().to_string() {
            return true;
        }
        let safe = matches!(*self.probe.method(), Method::GET | Method::HEAD);
        let (Ok(to), true, None) = (by.as_str().parse(), safe, &self.whole) else {
            return false;
        };
        *self.probe.uri_mut() = to;
        by.origin() == std::mem::replace(&mut self.url, by.clone()).origin()
    }
}

/// What to do where a login would come too late for the body.
fn gone(url: &Url) -> String {
    let url = output::shell_word(url.as_str());
    format!(
        "It wants a credential, and the body cannot be sent again. Log in, then repeat it:\n  gatepass login {url}"
    )
}

/// Another address than the one that was named wants a credential, which is not for a redirect to decide.
fn elsewhere(answer: Sent) -> Sent {
    let to = output::shell_word(answer.answer.url().as_str());
    answer.noting(format!(
        "It was redirected to another address, which wants a credential. To ask that one:\n  gatepass request {to}"
    ))
}

/// A copy of what can be sent again.
pub(super) fn copy(request: &Request<Body>) -> Result<Request<Body>, Failure> {
    let body = request.body().try_clone();
    let body = body.ok_or_else(|| Failure::error("the body cannot be sent again"))?;
    let mut copy = Request::new(body);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    Ok(copy)
}
