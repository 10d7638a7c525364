use super::call::{Call, Endpoint, Heard};
use super::id_check::{IdCheck, IdTokenSetup, Opinion};
use super::post::refusal_by;
use super::skew::Skew;
use super::{Flow, FlowError, Input, Request, Response, Step, Unreachable};
use crate::grant::GrantParams;
use crate::id_token::IdClaims;
use crate::message::quirks::Quirks;
use crate::message::said::title;
use crate::message::token::{ErrorResponse, TokenResponse};
use crate::{Cx, Timestamp};

/// What a conversation with a token endpoint needs to know.
#[derive(Clone, Debug)]
pub struct TokenSetup {
    /// `token_endpoint`.
    pub endpoint: Endpoint,
    /// How this server differs from the standard.
    pub quirks: Quirks,
    /// How an ID token is checked; without it, one that comes is not believed.
    pub id_token: Option<IdTokenSetup>,
    /// `resource` to say here too (RFC 8707 §2.2), where the grant does not say it by itself: a resource that was discovered is
    /// named in every request (Model Context Protocol, authorization).
    pub resource: Vec<String>,
}

impl From<Endpoint> for TokenSetup {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            quirks: Quirks::default(),
            id_token: None,
            resource: Vec::new(),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The answer.
    pub token: TokenResponse,
    /// What the ID token says, checked; `None` where there was none or it could not be checked.
    pub id: Option<IdClaims>,
    /// When the request was sent that brought it: lifetimes count from then.
    pub asked_at: Timestamp,
    /// How far the server's clock is ahead of ours, in milliseconds, where its answer said so.
    pub clock_skew: Option<i64>,
}

/// Asks the token endpoint, by any grant, and checks the ID token in its answer.
#[derive(Debug)]
pub struct TokenFlow {
    call: Call,
    quirks: Quirks,
    id_token: Option<IdTokenSetup>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Fresh,
    Asking {
        asked_at: Timestamp,
    },
    Checking(Box<Granted>, Box<IdCheck>),
    /// The keys could not be had just now.
    Pausing(Box<Granted>, Box<IdCheck>),
}

impl TokenFlow {
    /// A request with the parameters of `grant`.
    pub fn new(setup: impl Into<TokenSetup>, grant: &(impl GrantParams + ?Sized)) -> Self {
        let TokenSetup {
            endpoint,
            quirks,
            id_token,
            resource,
        } = setup.into();
        let mut params = grant.to_params();
        let statement = grant.statement();
        for resource in resource {
            params.push("resource", resource);
        }
        for (name, value) in &quirks.token_params {
            params.push(name, value);
        }
        Self {
            call: Call::new(endpoint, params).stating(statement),
            quirks,
            id_token,
            stage: Stage::Fresh,
        }
    }

    /// Whether the token has come, and only its ID token is still being checked.
    pub(super) fn has_token(&self) -> bool {
        matches!(self.stage, Stage::Checking(..) | Stage::Pausing(..))
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        let request = self.call.request(cx)?;
        Ok(self.sent(request, cx))
    }

    fn sent(&mut self, request: Request, cx: &Cx<'_>) -> Step<Granted> {
        self.stage = Stage::Asking { asked_at: cx.now };
        Step::Send(request)
    }

    fn hear(
        &mut self,
        response: Response,
        asked_at: Timestamp,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        let answer = match self.call.hear(response, cx)? {
            Heard::Again(request) => return Ok(self.sent(request, cx)),
            Heard::Answer(answer) => answer,
        };
        let (mut token, skew) = (self.read(&answer)?, self.call.skew());
        if let Some(skew) = skew {
            token.until = token.until.map(|until| skew.ours(until));
        }
        let granted = Granted {
            token,
            id: None,
            asked_at,
            clock_skew: skew.map(Skew::millis),
        };
        let Some(setup) = &self.id_token else {
            return Ok(Step::Done(granted));
        };
        match IdCheck::begin(setup, &granted.token, self.by_their_clock(cx))? {
            None => Ok(Step::Done(granted)),
            Some((check, opinion)) => self.believe(granted, check, opinion),
        }
    }

    /// The token is there, and was given once: keys that cannot be had must not lose it. They are asked for again, and in
    /// the end a renewed token is taken without its ID token.
    fn hear_keys(
        &mut self,
        granted: Box<Granted>,
        mut check: Box<IdCheck>,
        keys: Result<Response, Unreachable>,
        cx: &Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        let heard = keys.map_err(FlowError::from);
        match heard.and_then(|keys| check.hear(&keys, self.by_their_clock(cx))) {
            Ok(opinion) => self.believe(*granted, *check, opinion),
            Err(error) if error.is_temporary() => match check.pause() {
                Some(pause) => {
                    self.stage = Stage::Pausing(granted, check);
                    Ok(Step::Wait(cx.now + pause))
                }
                None if check.is_dispensable() => Ok(Step::Done(*granted)),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Reads a token answer. Some servers send their errors with status 200.
    fn read(&self, response: &Response) -> Result<TokenResponse, FlowError> {
        let (body, quirks, known) = (response.body(), &self.quirks, self.call.known());
        if !response.status().is_success() || ErrorResponse::parse_by(body, quirks).is_some() {
            return Err(refusal_by(response, quirks, known));
        }
        TokenResponse::parse_by(body, quirks).map_err(|fault| {
            if ErrorResponse::parse_failure(body, quirks, known).is_some() {
                return refusal_by(response, quirks, known);
            }
            // Nothing but a title is repeated of a success: its text may be the token.
            let page = title(body, known);
            let page = page.map_or(String::new(), |title| format!(", but a page: {title}"));
            FlowError::BadAnswer(format!("{fault}{page}"))
        })
    }

    /// The server dates its ID tokens by its own clock.
    fn by_their_clock(&self, cx: &Cx<'_>) -> Timestamp {
        let skew = self.call.skew();
        skew.map_or(cx.now, |skew| skew.theirs(cx.now))
    }

    fn believe(
        &mut self,
        mut granted: Granted,
        check: IdCheck,
        opinion: Opinion,
    ) -> Result<Step<Granted>, FlowError> {
        match opinion {
            Opinion::Ask(request) => {
                self.stage = Stage::Checking(Box::new(granted), Box::new(check));
                Ok(Step::Send(*request))
            }
            Opinion::Good(claims) => {
                granted.id = Some(*claims);
                Ok(Step::Done(granted))
            }
        }
    }
}

impl Flow for TokenFlow {
    type Output = Granted;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        match (std::mem::replace(&mut self.stage, Stage::Fresh), input) {
            (Stage::Fresh, Input::Start) => self.ask(cx),
            (Stage::Asking { asked_at }, Input::Response(response)) => {
                self.hear(response?, asked_at, cx)
            }
            (Stage::Checking(granted, check), Input::Response(keys)) => {
                self.hear_keys(granted, check, keys, cx)
            }
            (Stage::Pausing(granted, check), Input::Woke) => {
                let request = check.ask()?;
                self.stage = Stage::Checking(granted, check);
                Ok(Step::Send(request))
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
