//! What operators are told, and what they tell.

use std::net::TcpListener;
use std::time::Duration;

use gatepass_listen::{NotReady, operations, serve_operations};
use gatepass_proto::Timestamp;

use super::Gate;

/// How long an issuer may take to show that it is there. It is waited for a little longer by others.
const READY: Duration = Duration::from_secs(2);

impl Gate {
    /// Answers operators on this listener, until it is aborted: `/health`, `/ready` and `/metrics`. It is ready unless the gate
    /// is [ending](Gate::end), or nobody who shows credentials could be let in: there are neither API keys nor users nor
    /// logins, and no issuer's keys are known, or can be had. Whether the API is there is for the API to say.
    ///
    /// Only what goes by [`operations_listen`](crate::Config::operations_listen) is counted; without it nothing is served.
    pub async fn operate(&self, listener: TcpListener) {
        let Some(registry) = self.parts().kept.meter.registry().cloned() else {
            return;
        };
        let gate = self.clone();
        let router = operations(registry.clone(), move || gate.clone().ready());
        tokio::join!(registry.keep(), serve_operations(listener, router));
    }

    /// Counts that somebody has read the settings again, for [`Gate::reload`] or in vain.
    pub fn count_reload(&self, taken: bool) {
        self.parts().kept.meter.reloaded(taken);
    }

    /// Says when the certificate ends that is served.
    pub fn certificate_ends(&self, at: Timestamp) {
        self.parts().kept.meter.certificate(at);
    }

    async fn ready(self) -> Result<(), NotReady> {
        if self.is_ending() {
            return Err("the guard is ending".into());
        }
        let parts = self.parts();
        if parts.login.is_some() {
            return Ok(());
        }
        // Whoever asks may be less patient than it takes to fetch keys. They are fetched all the same, for the next time.
        let asking = tokio::spawn(async move { parts.guard.ready().await });
        match tokio::time::timeout(READY, asking).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "no issuer can be reached");
                Err("no issuer's keys are known or can be fetched".into())
            }
            Ok(Err(_)) | Err(_) => Err("no issuer answers in time".into()),
        }
    }
}
