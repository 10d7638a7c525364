//! Ctrl-C and its like.

use std::future::Future;

use crate::exit::Failure;

/// Waits for Ctrl-C.
pub(crate) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system ends the process by itself.
        std::future::pending::<()>().await;
    }
}

/// Two requests to end, by SIGINT or SIGTERM: the first asks for an orderly end, the second for one at once. They
/// are listened for from the moment of this call.
pub(crate) fn ends() -> Result<
    (
        impl Future<Output = ()> + Send,
        impl Future<Output = ()> + Send,
    ),
    Failure,
> {
    let (first, orderly) = tokio::sync::oneshot::channel();
    let (second, at_once) = tokio::sync::oneshot::channel();
    let mut signals = Signals::listen()?;
    tokio::spawn(async move {
        signals.next().await;
        let _ = first.send(());
        signals.next().await;
        let _ = second.send(());
    });
    let orderly = async {
        let _ = orderly.await;
    };
    let at_once = async {
        let _ = at_once.await;
    };
    Ok((orderly, at_once))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "listening can fail on Unix")]
    fn listen() -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn next(&mut self) {
        interrupted().await;
    }
}
