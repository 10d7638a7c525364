use std::collections::VecDeque;

use url::Url;

use super::id_check::document;
use super::{Flow, FlowError, Input, Response, Step};
use crate::Cx;
use crate::message::metadata::{ServerMetadata, locations};

/// Finds an authorization server's metadata: RFC 8414 first, then OpenID Connect Discovery.
#[derive(Debug)]
pub struct DiscoverFlow {
    issuer: String,
    /// What the document may say in place of the issuer.
    template: Option<String>,
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
            template: None,
            places: locations(&url).into(),
        })
    }

    /// Accepts `template` as the issuer too: the document of a server with many tenants says for all of them what holds
    /// for each.
    #[must_use]
    pub fn accepting(mut self, template: &str) -> Self {
        self.template = Some(template.to_owned());
        self
    }

    fn ask(&mut self) -> Result<Step<ServerMetadata>, FlowError> {
        let place = self.places.pop_front().ok_or_else(|| {
            let issuer = &self.issuer;
            FlowError::BadAnswer(format!(
                "{issuer} publishes no metadata; name its endpoints instead"
            ))
        })?;
        document(place.as_str(), false).map(Step::Send)
    }

    /// The issuer in the document must be the one that was asked, to the letter (RFC 8414 §3.3).
    fn read(&self, response: &Response) -> Result<Step<ServerMetadata>, FlowError> {
        let metadata: ServerMetadata = serde_json::from_slice(response.body())
            .map_err(|_| FlowError::BadAnswer("the metadata is not JSON".to_owned()))?;
        let accepted = [Some(&self.issuer), self.template.as_ref()];
        if !accepted.contains(&Some(&metadata.issuer)) {
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
