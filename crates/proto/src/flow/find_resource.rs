use std::collections::VecDeque;

use http::StatusCode;
use url::Url;

use super::id_check::document;
use super::{Flow, FlowError, Input, Response, Step};
use crate::Cx;
use crate::message::known::KnownSecrets;
use crate::message::protected_resource::{ProtectedResource, ResourceFault, locations};

/// Finds the metadata of the protected resource that a URL belongs to (RFC 9728 §3, §5): where its challenge said, then at
/// both well-known places of the URL's own origin. `None`, where nobody publishes any.
///
/// A place that has no document (4xx, a redirect, a page for people) leads to the next one. A document that is for another
/// resource, or breaks the rules, ends the search: it must not be used (§3.3), and what follows it would be believed in
/// its place. Trouble (5xx, 429, the network) is not absence and ends it too, to be tried again later.
#[derive(Debug)]
pub struct FindResourceFlow {
    url: Url,
    places: VecDeque<Url>,
    /// Where the last request went.
    asked: Option<Url>,
}

impl FindResourceFlow {
    /// For a request to `url`; `named` is the `resource_metadata` of its challenge. Whether a request may go there is for
    /// the shell to see to: somebody unknown has named it.
    ///
    /// # Errors
    ///
    /// [`FlowError::BadAnswer`] when the place that was named is no absolute URL.
    pub fn new(url: &Url, named: Option<&str>) -> Result<Self, FlowError> {
        let mut places: VecDeque<Url> = locations(url).into();
        if let Some(named) = named {
            let first = Url::parse(named).ok().filter(Url::has_host);
            let first = first.ok_or_else(|| {
                FlowError::BadAnswer("resource_metadata in the challenge is no URL".to_owned())
            })?;
            places.retain(|place| *place != first);
            places.push_front(first);
        }
        Ok(Self {
            url: url.clone(),
            places,
            asked: None,
        })
    }

    fn ask(&mut self) -> Result<Step<Option<ProtectedResource>>, FlowError> {
        self.asked = self.places.pop_front();
        match &self.asked {
            Some(place) => document(place.as_str(), false).map(Step::Send),
            None => Ok(Step::Done(None)),
        }
    }

    fn read(&mut self, response: &Response) -> Result<Step<Option<ProtectedResource>>, FlowError> {
        let metadata = match ProtectedResource::parse(response.body()) {
            Ok(metadata) => metadata,
            // Many a server has a page for every path: what is no document is as good as a 404.
            Err(ResourceFault::NotJson) => return self.ask(),
            Err(fault) => return Err(self.unusable(&fault.to_string())),
        };
        match metadata.is_for(&self.url) {
            true => Ok(Step::Done(Some(metadata))),
            false => Err(self.unusable(&format!(
                "it is for {:?}, which is neither the requested URL nor a path above it",
                metadata.resource
            ))),
        }
    }

    fn unusable(&self, reason: &str) -> FlowError {
        let place = self.asked.as_ref().map_or("", Url::as_str);
        FlowError::BadAnswer(format!("the resource's metadata at {place}: {reason}"))
    }
}

impl Flow for FindResourceFlow {
    type Output = Option<ProtectedResource>;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<Self::Output>, FlowError> {
        match input {
            Input::Start => self.ask(),
            Input::Response(response) => {
                let response = response?;
                match response.status() {
                    status if status.is_success() => self.read(&response),
                    status
                        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS =>
                    {
                        Err(super::post::refusal(&response, &KnownSecrets::default()))
                    }
                    _ => self.ask(),
                }
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

#[cfg(test)]
#[path = "find_resource_tests.rs"]
mod tests;
