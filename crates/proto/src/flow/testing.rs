//! A conversation under a clock that moves when it is told to.

use std::time::Duration;

use serde_json::Value;

use super::{Flow, FlowError, Input, Request, Response, Step, Unreachable};
use crate::client_auth::ClientCredentials;
use crate::{Cx, Entropy, Params, Timestamp};

/// When every conversation begins.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Bytes in a row, the same at every run.
pub(super) struct Counting(pub(super) u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// What a step gave.
pub(super) type Next<F> = Result<Step<<F as Flow>::Output>, FlowError>;

/// A flow, and the world that it sees.
pub(super) struct Talk<F> {
    pub(super) flow: F,
    pub(super) now: Timestamp,
    entropy: Counting,
}

impl<F: Flow> Talk<F> {
    pub(super) fn new(flow: F) -> Self {
        Self {
            flow,
            now: NOW,
            entropy: Counting(1),
        }
    }

    pub(super) fn feed(&mut self, input: Input) -> Next<F> {
        let cx = &mut Cx::new(self.now, &mut self.entropy);
        self.flow.step(input, cx)
    }

    pub(super) fn start(&mut self) -> Request {
        sent(self.feed(Input::Start))
    }

    pub(super) fn answer(&mut self, status: u16, body: &Value) -> Next<F> {
        self.hear(response(status, &[], &body.to_string()))
    }

    pub(super) fn hear(&mut self, response: Response) -> Next<F> {
        self.feed(Input::Response(Ok(response)))
    }

    pub(super) fn lose(&mut self) -> Next<F> {
        let reason = "connection refused".to_owned();
        self.feed(Input::Response(Err(Unreachable { reason })))
    }

    /// How long the flow wants to wait. The time passes, and what it does then is given back too.
    pub(super) fn sleep(&mut self, next: Next<F>) -> (Duration, Next<F>) {
        let Ok(Step::Wait(until)) = next else {
            panic!("expected to wait, got {}", shown(&next));
        };
        let pause = until.since(self.now);
        self.now = self.now + pause;
        (pause, self.feed(Input::Woke))
    }
}

pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.as_bytes().to_vec()).expect("a response")
}

pub(super) fn sent<T>(next: Result<Step<T>, FlowError>) -> Request {
    match next {
        Ok(Step::Send(request)) => request,
        other => panic!("expected a request, got {}", shown(&other)),
    }
}

pub(super) fn done<T>(next: Result<Step<T>, FlowError>) -> T {
    match next {
        Ok(Step::Done(output)) => output,
        other => panic!("expected the end, got {}", shown(&other)),
    }
}

pub(super) fn failed<T>(next: Result<Step<T>, FlowError>) -> FlowError {
    match next {
        Err(error) => error,
        other => panic!("expected a refusal, got {}", shown(&other)),
    }
}

/// The code of a refusal.
pub(super) fn refused<T>(next: Result<Step<T>, FlowError>) -> String {
    match failed(next) {
        FlowError::Refused { error, .. } => error,
        other => panic!("expected a refusal in the server's words, got {other:?}"),
    }
}

pub(super) fn form(request: &Request) -> Params {
    assert_eq!(request.method(), http::Method::POST);
    Params::parse_form(request.body()).expect("a form")
}

pub(super) fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers().get(name).expect("the header");
    value.to_str().expect("text")
}

pub(super) fn client() -> ClientCredentials {
    ClientCredentials::public("app")
}

pub(super) fn shown<T>(next: &Result<Step<T>, FlowError>) -> String {
    match next {
        Ok(Step::Send(request)) => format!("{request:?}"),
        Ok(Step::Wait(until)) => format!("to wait until {until:?}"),
        Ok(Step::Show(notice)) => format!("{notice:?}"),
        Ok(Step::Redirect(url)) => url.to_string(),
        Ok(Step::Done(_)) => "the end".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}
