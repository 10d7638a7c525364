//! Asks a token endpoint again and again until a person has decided elsewhere (RFC 8628 §3.5, CIBA Core 1.0 §11).

use std::time::Duration;

use super::token::{Granted, TokenFlow, TokenSetup};
use super::{Flow as _, FlowError, Input, Step};
use crate::grant::GrantParams;
use crate::{Cx, Timestamp};

/// RFC 8628 §3.5: by how much `slow_down` makes the interval longer, for good.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause that a failing network or server leads to by itself.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The longest time that any server gets for a login, in seconds.
const MAX_LIFETIME: u64 = 7 * 24 * 60 * 60;

/// The questions. Begins with [`Input::Shown`].
#[derive(Debug)]
pub(super) struct Poll<G> {
    setup: TokenSetup,
    grant: G,
    interval: Duration,
    deadline: Timestamp,
    /// How many questions in a row brought no answer.
    failures: u32,
    /// The question under way.
    asking: Option<TokenFlow>,
}

impl<G: GrantParams> Poll<G> {
    /// Asks by `grant` every `interval` seconds, `expires_in` seconds long from `now`.
    pub(super) fn new(
        setup: TokenSetup,
        grant: G,
        expires_in: u64,
        interval: u64,
        now: Timestamp,
    ) -> Self {
        let lifetime = expires_in.clamp(1, MAX_LIFETIME);
        Self {
            setup,
            grant,
            interval: Duration::from_secs(interval.clamp(1, lifetime)),
            deadline: now + Duration::from_secs(lifetime),
            failures: 0,
            asking: None,
        }
    }

    pub(super) fn step(
        &mut self,
        input: Input,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        match (self.asking.take(), input) {
            (None, Input::Shown) => Ok(Step::Wait(cx.now + self.interval)),
            (None, Input::Woke) => {
                let flow = TokenFlow::new(self.setup.clone(), &self.grant);
                self.talk(flow, Input::Start, cx)
            }
            (Some(flow), input @ (Input::Response(_) | Input::Woke)) => self.talk(flow, input, cx),
            _ => Err(FlowError::OutOfTurn),
        }
    }

    fn talk(
        &mut self,
        mut flow: TokenFlow,
        input: Input,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        // What fails after the token has come is no reason to ask for it again: it is given once.
        let granted = flow.has_token();
        match flow.step(input, cx) {
            Err(error) if !granted => self.later(error, cx.now),
            step => {
                self.asking = Some(flow);
                step
            }
        }
    }

    /// When to ask again, if it is worth while. Only the answer to a question ends the login, never the clock alone: a
    /// machine that slept past the end asks once more, and is told the truth.
    fn later(&mut self, error: FlowError, now: Timestamp) -> Result<Step<Granted>, FlowError> {
        let pause = match &error {
            FlowError::Refused { error, .. } if error == "authorization_pending" => {
                self.failures = 0;
                self.interval
            }
            FlowError::Refused { error, .. } if error == "slow_down" => {
                self.failures = 0;
                self.interval = self.interval.saturating_add(SLOWER);
                self.interval
            }
            error if error.is_temporary() => {
                self.failures = self.failures.saturating_add(1);
                self.pause_after_failure(error)
            }
            _ => return Err(error),
        };
        if now >= self.deadline {
            return Err(if self.failures > 0 { error } else { expired() });
        }
        // A long pause ends with the login, so that an answer given meanwhile is not missed.
        let next = (now + pause).min(self.deadline);
        Ok(Step::Wait(next.max(now + self.interval)))
    }

    /// RFC 8628 §3.5: the pause doubles with every failure.
    fn pause_after_failure(&self, error: &FlowError) -> Duration {
        let doubled = self
            .interval
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(MAX_PAUSE);
        match error {
            FlowError::Refused {
                retry_after: Some(seconds),
                ..
            } => doubled.max(Duration::from_secs(*seconds)),
            _ => doubled,
        }
    }
}

/// The server's own word for it (RFC 8628 §3.5), for a server that has not said it.
fn expired() -> FlowError {
    FlowError::Refused {
        error: "expired_token".to_owned(),
        description: Some("nobody confirmed the login in time; start again".to_owned()),
        status: None,
        retry_after: None,
    }
}

#[cfg(test)]
#[path = "poll_tests.rs"]
mod tests;
