use std::collections::VecDeque;

use url::Url;

use super::id_check::document;
use super::{Flow, FlowError, Input, Response, Step};
use crate::Cx;
use crate::message::known::KnownSecrets;
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
    fn read(&mut self, response: &Response) -> Result<Step<ServerMetadata>, FlowError> {
        // Many a server has a page for every path: what is no document is as good as a 404.
        let Ok(metadata) = serde_json::from_slice::<ServerMetadata>(response.body()) else {
            return self.ask();
        };
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
                    status if status.is_server_error() => {
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
mod tests {
    use serde_json::json;

    use super::DiscoverFlow;
    use crate::flow::FlowError;
    use crate::flow::testing::{Talk, done, failed, response, sent};

    const ISSUER: &str = "https://as.example/tenant";

    fn talk() -> Talk<DiscoverFlow> {
        Talk::new(DiscoverFlow::new(ISSUER).expect("a URL"))
    }

    #[test]
    fn every_place_is_tried_until_one_has_the_document() {
        for nothing in [response(404, &[], ""), response(200, &[], "<html>")] {
            let mut talk = talk();
            let first = talk.start();
            assert!(
                first
                    .uri()
                    .path()
                    .ends_with("oauth-authorization-server/tenant")
            );
            let second = sent(talk.hear(nothing));
            assert_eq!(
                second.uri().path(),
                "/.well-known/openid-configuration/tenant"
            );
            let third = sent(talk.hear(response(404, &[], "")));
            assert_eq!(
                third.uri().path(),
                "/tenant/.well-known/openid-configuration"
            );
            let metadata = done(talk.answer(200, &json!({ "issuer": ISSUER, "x": 1 })));
            assert_eq!(
                (metadata.issuer.as_str(), &metadata.extra["x"]),
                (ISSUER, &json!(1))
            );
        }
    }

    #[test]
    fn another_issuer_is_not_believed_and_trouble_is_not_absence() {
        for other in [
            "https://as.example/tenant/",
            "https://as.example",
            "https://evil.example/tenant",
        ] {
            let mut talk = talk();
            talk.start();
            let refused = failed(talk.answer(200, &json!({ "issuer": other })));
            assert!(
                matches!(refused, FlowError::IssuerMismatch { .. }),
                "{refused}"
            );
        }
        let mut talk = talk();
        talk.start();
        assert!(failed(talk.hear(response(503, &[], ""))).is_temporary());
    }

    #[test]
    fn a_server_of_many_tenants_may_name_their_template() {
        let template = "https://as.example/{tenantid}";
        let mut talk = Talk::new(
            DiscoverFlow::new(ISSUER)
                .expect("a URL")
                .accepting(template),
        );
        talk.start();
        done(talk.answer(200, &json!({ "issuer": template })));
    }

    #[test]
    fn a_server_without_a_document_says_what_to_do() {
        let mut talk = talk();
        talk.start();
        for _ in 0..2 {
            sent(talk.hear(response(404, &[], "")));
        }
        let refused = failed(talk.hear(response(404, &[], "")));
        assert!(
            refused.to_string().contains("name its endpoints"),
            "{refused}"
        );
    }
}
