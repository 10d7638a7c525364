use std::sync::Arc;

use async_trait::async_trait;
use gatepass_http::Transport;
use gatepass_proto::flow::{Request, Response, Unreachable};
use http::StatusCode;

/// What happens between a guard and an issuer, for whoever counts it: see [`crate::Issuer::observe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AtIssuer {
    /// It was asked about a token, and has answered (RFC 7662).
    Asked,
    /// It could not be asked about a token, or has not answered.
    Silent,
    /// What it had said of a token a moment ago was gone by.
    Remembered,
    /// Its metadata or its keys could not be fetched. What was known of them before serves on, for its time.
    NotFetched,
}

/// Who is told.
pub(crate) type Observer = Arc<dyn Fn(AtIssuer) + Send + Sync>;

/// A transport whose failures to bring a document are told.
pub(crate) struct Observed<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) observer: &'a Observer,
}

#[async_trait]
impl Transport for Observed<'_> {
    async fn send(&self, request: Request) -> Result<Response, Unreachable> {
        let answer = self.transport.send(request).await;
        let brought = answer
            .as_ref()
            .is_ok_and(|answer| answer.status() == StatusCode::OK);
        if !brought {
            (self.observer)(AtIssuer::NotFetched);
        }
        answer
    }
}
