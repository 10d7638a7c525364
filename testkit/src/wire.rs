//! What lies between the two of a [`Pair`].

use async_trait::async_trait;
use gatepass_http::{Person, PersonError, Transport};
use gatepass_proto::Params;
use gatepass_proto::flow::{Notice, Unreachable};
use url::Url;

use crate::Pair;

/// What the network does to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The request never arrives.
    LoseRequest,
    /// The server answers, and nobody hears it.
    LoseAnswer,
}

/// A network with a person at the browser.
pub(crate) struct Wire<'a> {
    pub(crate) pair: &'a Pair,
    pub(crate) fault: Fault,
}

#[async_trait]
impl Transport for Wire<'_> {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let lost = || Unreachable {
            reason: "the test's network lost it".to_owned(),
        };
        if self.fault == Fault::LoseRequest {
            return Err(lost());
        }
        let answer = self.pair.serve(&request).await;
        if self.fault == Fault::LoseAnswer {
            Err(lost())
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl Person for Wire<'_> {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        self.pair
            .browse(&url)
            .await
            .map_err(|error| PersonError::Failed(error.to_string()))
    }

    async fn show(&self, _: Notice) -> Result<(), PersonError> {
        Ok(())
    }
}
