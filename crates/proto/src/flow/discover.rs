use std::collections::VecDeque;

use http::header::ACCEPT;
use url::Url;

use super::{Flow, FlowError, Input, Request, Response, Step};
use crate::Cx;
use crate::message::metadata::{ServerMetadata, locations};

/// Finds an authorization server's metadata: RFC 8414 first, then OpenID Connect Discovery.
#[derive(Debug)]
pub struct DiscoverFlow {
    issuer: String,
    places: VecDeque<Url>,
}

impl DiscoverFlow {
    /// Asks the server that calls itself `issuer`.
    ///
    /// # Errors
    ///
    /// [`FlowError::Setup`] when that is not a URL.
    pub fn new(issuer: &str) -> Result<Self, FlowError> {
        let url = Url::parse(issuer)
            .map_err(|_| FlowError::Setup(format!("issuer {issuer:?} is not a URL")))?;
        Ok(Self {
            issuer: issuer.to_owned(),
            places: locations(&url).into(),
        })
    }

    fn ask(&mut self) -> Result<Step<ServerMetadata>, FlowError> {
        let place = self.places.pop_front().ok_or_else(|| {
            let issuer = &self.issuer;
            FlowError::BadAnswer(format!(
                "{issuer} publishes no metadata; name its endpoints instead"
            ))
        })?;
        let request: Request = http::Request::get(place.as_str())
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| FlowError::Setup(format!("{place} is not a URL")))?;
        Ok(Step::Send(request))
    }

    /// The issuer in the document must be the one that was asked, to the letter (RFC 8414 §3.3).
    fn read(&self, response: &Response) -> Result<Step<ServerMetadata>, FlowError> {
        let metadata: ServerMetadata = serde_json::from_slice(response.body())
            .map_err(|_| FlowError::BadAnswer("the metadata is not JSON".to_owned()))?;
        if metadata.issuer != self.issuer {
            return Err(FlowError::IssuerMismatch {
                expected: self.issuer.clone(),
                got: metadata.issuer,
            });
        }
        Ok(Step::Done(metadata))
    }
}

impl Flow for DiscoverFlow {
    type Output = ServerMetadata;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<ServerMetadata>, FlowError> {
        match input {
            Input::Start => self.ask(),
            Input::Response(response) => {
                let response = response?;
                match response.status() {
                    status if status.is_success() => self.read(&response),
                    status if status.is_server_error() => Err(super::post::refusal(&response)),
                    _ => self.ask(),
                }
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}
