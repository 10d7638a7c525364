//! `Expect: 100-continue` (RFC 9110 §10.1.1): the client's body is not asked for before the upstream wants it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use tokio::sync::Notify;

/// How long an upstream may think it over. One that does not know of the expectation says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the upstream says before it has the body.
#[derive(Clone, Default)]
pub(super) struct Consent {
    events: Arc<Events>,
}

#[derive(Default)]
struct Events {
    /// It wants the body.
    given: Notify,
    /// It has answered without it.
    answered: Notify,
    /// Its answer has been read.
    done: Notify,
}

impl Consent {
    /// Listens for what the upstream says to this request.
    pub(super) fn listen<B>(&self, request: &mut Request<B>) {
        let events = self.events.clone();
        hyper::ext::on_informational(request, move |said| {
            if said.status() == StatusCode::CONTINUE {
                events.given.notify_one();
            }
        });
    }

    /// Comes back with whether the body is to be sent. Where it is not, that is when the answer has been read: a body
    /// that fails earlier takes the connection with it.
    pub(super) fn wait(&self) -> BoxFuture<'static, bool> {
        let events = self.events.clone();
        Box::pin(async move {
            tokio::select! {
                () = events.given.notified() => true,
                () = tokio::time::sleep(PATIENCE) => true,
                () = events.answered.notified() => {
                    events.done.notified().await;
                    false
                }
            }
        })
    }

    /// The head of the answer is there.
    pub(super) fn answered(&self) {
        self.events.answered.notify_one();
    }

    /// The answer has been read, or nobody reads it.
    pub(super) fn done(&self) {
        self.events.done.notify_one();
    }
}
