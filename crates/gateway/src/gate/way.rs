//! A request's way through the gate.

use axum::body::Body;
use gatepass_guard::{Identity, Requirement};
use gatepass_proto::dpop::DPOP_NONCE;
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::answers::refuse;
use super::{Parts, Verdict, own};
use crate::cors::Reader;
use crate::login::Visit;
use crate::outcome::Outcome;
use crate::upstream::{Client, end_hop};

impl Parts {
    /// Answers a request: here, or by the API.
    pub(super) async fn answer(&self, mut request: Request<Body>) -> Response<Body> {
        let reader = self.reader(&request);
        if let Some(refusal) = self.bounds(&request) {
            return reader.told(refusal);
        }
        let client = self.client(&mut request);
        #[cfg(unix)]
        if let Err(why) = self.show_certificate(&mut request, client.trusted) {
            let status = StatusCode::BAD_REQUEST;
            return reader.told(refuse(status, "invalid_request", &why.to_string()));
        }
        let (method, path) = (request.method(), request.uri().path());
        // Before the gate's own places, so that none of them is found under another spelling.
        if let Err(fault) = self.rules.access(method, path) {
            let nothing = Requirement::default();
            return reader.told(self.refuse(&fault.into(), &nothing, request.headers()));
        }
        if let Some(document) = self.guard.serve_metadata(method, path) {
            return Outcome::Own.mark(document);
        }
        if own::is_own(path) {
            return self.at_own_place(request, &client).await;
        }
        if let Some(answer) = reader.preflight(&request) {
            return Outcome::Own.mark_unmarked(answer);
        }
        reader.forget_session(self.login.as_deref(), &mut request);
        let answer = match self.judge(&mut request).await {
            Verdict::Pass(identity) => self.send_on(request, identity.as_deref(), &client).await,
            Verdict::LogIn(step_up) => {
                return self.send_off(&Visit::from(&request), &step_up).await;
            }
            Verdict::Answer(answer) => answer,
        };
        reader.told(answer)
    }

    /// Who reads the answer. The gate's own places are for navigation, and for proxies that ask.
    fn reader(&self, request: &Request<Body>) -> Reader<'_> {
        let cors = self.cors.as_ref();
        Reader::of(cors.filter(|_| !own::is_own(request.uri().path())), request)
    }

    /// Sends a request on, with who asks in place of their credentials.
    async fn send_on(
        &self,
        mut request: Request<Body>,
        identity: Option<&Identity>,
        client: &Client,
    ) -> Response<Body> {
        let Some(upstream) = &self.upstream else {
            let text = "this guard sends nothing on; it answers proxies below /.gatepass/auth";
            return refuse(StatusCode::NOT_FOUND, "not_found", text);
        };
        self.cleanse(request.headers_mut());
        // What `Connection` names goes before our own headers are there: it could name them.
        end_hop(&mut request);
        if let Some(identity) = identity {
            match self.introduction.headers(identity, self.clock.now()) {
                Ok(headers) => request.headers_mut().extend(headers),
                Err(error) => {
                    tracing::error!(%error, "a request does not go on");
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    return refuse(status, "server_error", &error.to_string());
                }
            }
        }
        let sent = self.kept.meter.sent();
        let mut answer = upstream.forward(request, client).await;
        sent.came_back(&answer);
        if let Some(nonce) = identity.and_then(|own| self.guard.next_nonce(own)) {
            answer.headers_mut().insert(DPOP_NONCE, nonce);
        }
        answer
    }

    /// Refuses what is larger than it may be, and the methods that are not for the API: TRACE would send credentials back,
    /// CONNECT would make a tunnel.
    fn bounds(&self, request: &Request<Body>) -> Option<Response<Body>> {
        if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
            let text = "TRACE and CONNECT are not for this service";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            return Some(refuse(status, "invalid_request", text));
        }
        if size(request.headers()) > self.config.limits.max_header_bytes {
            let text = "the headers are larger than this service takes";
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Some(refuse(status, "invalid_request", text));
        }
        None
    }
}

fn size(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}
