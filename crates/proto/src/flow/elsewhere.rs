//! A login that a person gives elsewhere: asked for at one endpoint, waited for at another.

use super::call::{Call, Endpoint, Heard};
use super::poll::Poll;
use super::post::refusal;
use super::token::{Granted, TokenSetup};
use super::{FlowError, Input, Notice, Response, Step};
use crate::grant::GrantParams;
use crate::message::token::ErrorResponse;
use crate::{Cx, Params};

/// The conversation, for any grant that works so.
#[derive(Debug)]
pub(super) struct Elsewhere<G> {
    token: TokenSetup,
    stage: Stage<G>,
}

#[derive(Debug)]
enum Stage<G> {
    Asking(Box<Call>),
    Polling(Box<Poll<G>>),
}

/// What the first endpoint answers.
pub(super) struct Pending<G> {
    /// By what the token endpoint is asked.
    pub(super) grant: G,
    /// How long, in seconds.
    pub(super) expires_in: u64,
    /// How often, in seconds.
    pub(super) interval: u64,
    /// What the person has to be told.
    pub(super) notice: Notice,
}

impl<G: GrantParams> Elsewhere<G> {
    /// Asks the endpoint at `url`, where the client shows itself as it does at the token endpoint.
    pub(super) fn new(url: String, params: Params, token: TokenSetup) -> Self {
        let endpoint = Endpoint::new(url, token.endpoint.client.clone());
        Self {
            token,
            stage: Stage::Asking(Box::new(Call::new(endpoint, params))),
        }
    }

    /// Takes the next input; `read` reads the first endpoint's answer.
    pub(super) fn step(
        &mut self,
        input: Input,
        cx: &mut Cx<'_>,
        read: impl FnOnce(&[u8]) -> Result<Pending<G>, &'static str>,
    ) -> Result<Step<Granted>, FlowError> {
        match (&mut self.stage, input) {
            (Stage::Asking(call), Input::Start) => call.request(cx).map(Step::Send),
            (Stage::Asking(call), Input::Response(response)) => match call.hear(response?, cx)? {
                Heard::Again(request) => Ok(Step::Send(request)),
                Heard::Answer(answer) if is_refusal(&answer) => Err(refusal(&answer, call.known())),
                Heard::Answer(answer) => self.wait(&answer, cx, read),
            },
            (Stage::Polling(poll), input) => poll.step(input, cx),
            _ => Err(FlowError::OutOfTurn),
        }
    }

    fn wait(
        &mut self,
        answer: &Response,
        cx: &Cx<'_>,
        read: impl FnOnce(&[u8]) -> Result<Pending<G>, &'static str>,
    ) -> Result<Step<Granted>, FlowError> {
        let pending =
            read(answer.body()).map_err(|fault| FlowError::BadAnswer(fault.to_owned()))?;
        let poll = Poll::new(
            self.token.clone(),
            pending.grant,
            pending.expires_in,
            pending.interval,
            cx.now,
        );
        self.stage = Stage::Polling(Box::new(poll));
        Ok(Step::Show(pending.notice))
    }
}

/// Some say no with status 200.
fn is_refusal(answer: &Response) -> bool {
    !answer.status().is_success() || ErrorResponse::parse(answer.body()).is_some()
}
