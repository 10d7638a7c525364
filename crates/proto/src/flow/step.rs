//! The shape of a conversation: the caller feeds inputs, the flow answers with the next step.

use url::Url;

use super::FlowError;
use crate::{Cx, Params, Timestamp};

/// A request to be sent by the shell. Bodies of the protocol are small.
pub type Request = http::Request<Vec<u8>>;

/// An answer as it came from the wire, within the shell's size limit.
pub type Response = http::Response<Vec<u8>>;

/// The network failed: nothing is known about whether the request arrived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreachable {
    /// What went wrong, for people; never a secret.
    pub reason: String,
}

/// What the world says to a flow.
#[derive(Debug)]
pub enum Input {
    /// Begin.
    Start,
    /// The answer to the request of the last [`Step::Send`].
    Response(Result<Response, Unreachable>),
    /// The moment of the last [`Step::Wait`] has come.
    Woke,
    /// The notice of the last [`Step::Show`] is before the person's eyes.
    Shown,
    /// The browser came back with these parameters, or the person pasted them.
    Callback(Params),
}

/// What a flow asks of the world.
#[derive(Debug)]
pub enum Step<T> {
    /// Send this and feed back [`Input::Response`].
    Send(Request),
    /// Come back with [`Input::Woke`] at this moment.
    Wait(Timestamp),
    /// Show this to the person and feed back [`Input::Shown`].
    Show(Notice),
    /// Send the person's browser here and feed back [`Input::Callback`].
    Redirect(Url),
    /// The conversation is over.
    Done(T),
}

/// Something for the person to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// The text: all there is to say, links and codes too.
    pub text: String,
    /// The link to open, for a terminal that can draw it.
    pub link: Option<Url>,
    /// The `user_code` to enter there, or to compare with what is shown there (RFC 8628 §3.3).
    pub user_code: Option<String>,
}

impl From<String> for Notice {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// A conversation with a server.
pub trait Flow: Send {
    /// What it ends with.
    type Output;

    /// Takes the next input and says what to do.
    ///
    /// # Errors
    ///
    /// Ends the conversation: the server refused, or said something that must not be believed.
    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<Self::Output>, FlowError>;
}
