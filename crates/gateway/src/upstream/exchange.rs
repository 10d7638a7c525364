//! One request, sent on, and its answer.

use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use http::header::{ALT_SVC, EXPECT, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;

use super::consent::Consent;
use super::hop::{self, WebSocket};
use super::pulse::Pulse;
use super::received::Received;
use super::sent::Sent;
use super::why::{fault, reasons, was_closed};
use super::{Fault, Inner, Upstream, check, upgrade};

impl Upstream {
    /// Sends a request that [`Upstream::prepare`] has made.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub(crate) async fn exchange(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Fault> {
        let inner = &*self.inner;
        let extensions = request.extensions_mut();
        let client_end = extensions.remove::<OnUpgrade>();
        let websocket = extensions.remove::<WebSocket>().and(client_end);
        extensions.clear();
        if websocket.is_some() {
            upgrade::say(request.headers_mut());
        }
        let pulse = Arc::new(Pulse::new());
        let consent = request
            .headers()
            .contains_key(EXPECT)
            .then(Consent::default);
        let answer = inner
            .answer(request, &pulse, consent.as_ref(), websocket.is_some())
            .await?;
        if let Some(consent) = &consent {
            consent.answered();
        }
        inner.passed_on(answer, pulse, consent, websocket)
    }
}

impl Inner {
    /// The answer, within its time.
    async fn answer(
        &self,
        request: Request<Body>,
        pulse: &Arc<Pulse>,
        consent: Option<&Consent>,
        upgrades: bool,
    ) -> Result<Response<Incoming>, Fault> {
        let pool = match upgrades {
            true => &self.pools.upgrading,
            false => &self.pools.shared,
        };
        let mut again = repeatable(&request);
        let most = self.settings.max_request_body;
        let mut request = request.map(|body| Sent::new(body, pulse.clone(), most, consent));
        *request.version_mut() = http::Version::HTTP_11;
        if let Some(consent) = consent {
            consent.listen(&mut request);
        }
        loop {
            let mut answering = pin!(pool.request(request));
            let answer = tokio::select! {
                answer = &mut answering => answer,
                () = pulse.stopped() => return Err(Fault::too_large()),
                () = pulse.silence(self.settings.answer_timeout) => {
                    return Err(match pulse.waits_for_client() {
                        true => Fault::client_is_silent(),
                        false => Fault::upstream_is_silent("the upstream did not answer in time"),
                    });
                }
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(head) = again.take().filter(|_| was_closed(&error)) else {
                tracing::warn!(upstream = %self.target, error = reasons(&error), "the upstream failed");
                return Err(fault(&error, pulse));
            };
            tracing::debug!(upstream = %self.target, "the upstream closed a connection; once more");
            request = head.map(|body| Sent::new(body, pulse.clone(), None, None));
        }
    }

    /// The answer as the client gets it.
    fn passed_on(
        &self,
        answer: Response<Incoming>,
        pulse: Arc<Pulse>,
        consent: Option<Consent>,
        websocket: Option<OnUpgrade>,
    ) -> Result<Response<Body>, Fault> {
        let (mut head, body) = answer.into_parts();
        let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let agrees = switches && upgrade::agrees(&head.headers);
        hop::strip(&mut head.headers);
        // Other ways to the upstream are none to this proxy (RFC 7838).
        head.headers.remove(ALT_SVC);
        if head.headers.contains_key(TRANSFER_ENCODING) {
            return Err(Fault::upstream(
                "the upstream's answer has a coding of its own on the way",
            ));
        }
        if check::length(&head.headers) > self.settings.max_head {
            return Err(Fault::upstream(
                "the head of the upstream's answer is too long",
            ));
        }
        let upstream_end = head.extensions.remove::<OnUpgrade>();
        let mut passed = Response::new(Body::empty());
        *passed.status_mut() = head.status;
        if let Some(reason) = head.extensions.remove::<ReasonPhrase>() {
            passed.extensions_mut().insert(reason);
        }
        match (switches, upstream_end, websocket) {
            (true, Some(upstream), Some(client)) if agrees => {
                upgrade::say(&mut head.headers);
                let open = self.open.websocket();
                upgrade::join(client, upstream, self.settings.idle_timeout, open);
            }
            (true, ..) => {
                return Err(Fault::upstream(
                    "the upstream switched to what it was not asked for",
                ));
            }
            (false, ..) => {
                let patience = self.settings.idle_timeout;
                let open = self.open.answer();
                let received = Received::new(body, pulse, patience, consent, open);
                *passed.body_mut() = Body::new(received);
            }
        }
        *passed.headers_mut() = head.headers;
        Ok(passed)
    }
}

/// A copy of a request that may be sent twice: it changes nothing and has no body.
fn repeatable(request: &Request<Body>) -> Option<Request<Body>> {
    if !request.method().is_safe() || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(Body::empty());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}
