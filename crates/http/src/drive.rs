//! The one loop that gives a flow what it asks for.

use async_trait::async_trait;
use gatepass_proto::flow::{Flow, FlowError, Input, Notice, Step};
use gatepass_proto::{Cx, Entropy, Params};
use url::Url;

use crate::{Clock, Transport};

/// The person whom a flow may have to ask.
#[async_trait]
pub trait Person: Send + Sync {
    /// Sends the person's browser to `url` and returns the parameters it comes back with.
    async fn redirect(&self, url: Url) -> Result<Params, PersonError>;

    /// Puts something before the person's eyes.
    async fn show(&self, notice: Notice) -> Result<(), PersonError>;
}

/// Why the person did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// There is nobody to ask here.
    #[error("a person has to log in, and nobody can be asked here; run `gatepass login`")]
    Nobody,
    /// They did not come back in time.
    #[error("nobody came back from the login page in time; start again")]
    TimedOut,
    /// They gave up, or what they brought cannot be read.
    #[error("{0}")]
    Failed(String),
}

/// Nobody: a program that runs by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

#[async_trait]
impl Person for Nobody {
    async fn redirect(&self, _: Url) -> Result<Params, PersonError> {
        Err(PersonError::Nobody)
    }

    async fn show(&self, _: Notice) -> Result<(), PersonError> {
        Err(PersonError::Nobody)
    }
}

/// The world as a flow meets it.
#[derive(Clone, Copy)]
pub struct Shell<'a> {
    /// The network.
    pub transport: &'a dyn Transport,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The person.
    pub person: &'a dyn Person,
}

/// Why a conversation was not brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The flow itself ended it.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The person did.
    #[error(transparent)]
    Person(#[from] PersonError),
}

/// Feeds the flow until it is done.
///
/// # Errors
///
/// See [`DriveError`].
pub async fn drive<F: Flow + ?Sized>(
    flow: &mut F,
    shell: &Shell<'_>,
    entropy: &mut dyn Entropy,
) -> Result<F::Output, DriveError> {
    let mut input = Input::Start;
    loop {
        let step = flow.step(input, &mut Cx::new(shell.clock.now(), entropy))?;
        input = match step {
            Step::Send(request) => Input::Response(shell.transport.send(request).await),
            Step::Wait(moment) => {
                shell.clock.wait_until(moment).await;
                Input::Woke
            }
            Step::Show(notice) => {
                shell.person.show(notice).await?;
                Input::Shown
            }
            Step::Redirect(url) => Input::Callback(shell.person.redirect(url).await?),
            Step::Done(output) => return Ok(output),
        };
    }
}
