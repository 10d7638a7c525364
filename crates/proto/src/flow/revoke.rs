use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};

use super::call::Endpoint;
use super::post::{Ask, refusal};
use super::{Flow, FlowError, Input, Request, Step};
use crate::client_auth::Draft;
use crate::message::credentials::Credentials;
use crate::message::known::KnownSecrets;
use crate::message::quirks::RevokeBy;
use crate::message::revocation::RevocationRequest;
use crate::message::token::ErrorResponse;
use crate::{Cx, Secret};

/// Revokes one token (RFC 7009) at the `revocation_endpoint`, or in the way that a server has in its place.
#[derive(Debug)]
pub struct RevokeFlow(Way);

#[derive(Debug)]
enum Way {
    Standard(Ask),
    Own {
        by: RevokeBy,
        endpoint: Endpoint,
        token: Secret,
    },
}

impl RevokeFlow {
    /// What is revoked, and where.
    pub fn new(endpoint: Endpoint, request: &RevocationRequest) -> Self {
        Self(Way::Standard(Ask::new(endpoint, request.to_params())))
    }

    /// The same at a server with a way of its own.
    pub fn by(by: RevokeBy, endpoint: Endpoint, request: &RevocationRequest) -> Self {
        match by {
            RevokeBy::Form => Self::new(endpoint, request),
            by => Self(Way::Own {
                by,
                endpoint,
                token: request.token.clone(),
            }),
        }
    }
}

impl Flow for RevokeFlow {
    type Output = ();

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<()>, FlowError> {
        match (&mut self.0, input) {
            (Way::Standard(ask), input) => ask.step(input, cx, |_| Ok(())),
            (
                Way::Own {
                    by,
                    endpoint,
                    token,
                },
                Input::Start,
            ) => own(*by, endpoint, token, cx).map(Step::Send),
            (
                Way::Own {
                    endpoint, token, ..
                },
                Input::Response(response),
            ) => {
                let response = response?;
                // Some say no with status 200.
                let refused = ErrorResponse::parse(response.body()).is_some();
                match response.status().is_success() && !refused {
                    true => Ok(Step::Done(())),
                    false => Err(refusal(&response, &own_secrets(endpoint, token))),
                }
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// What is sent in such a way.
fn own_secrets(endpoint: &Endpoint, token: &Secret) -> KnownSecrets {
    let secret = endpoint.client.client_secret.as_ref();
    [token].into_iter().chain(secret).collect()
}

fn own(
    by: RevokeBy,
    endpoint: &Endpoint,
    token: &Secret,
    cx: &mut Cx<'_>,
) -> Result<Request, FlowError> {
    let lack = |text: &str| FlowError::Setup(text.to_owned());
    let client_id = endpoint.client.client_id.as_str();
    let mut request = http::Request::builder()
        .uri(endpoint.url.replace("{client_id}", client_id))
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| lack("the revocation endpoint is not a URL"))?;
    match by {
        RevokeBy::Form | RevokeBy::Bearer => {
            *request.method_mut() = Method::POST;
            let value = Credentials::Bearer(token.clone()).to_header();
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| lack("the token cannot stand in a header"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        RevokeBy::Delete => {
            *request.method_mut() = Method::DELETE;
            let mut client = endpoint.client.clone();
            client.method = Some("client_secret_basic".to_owned());
            let mut draft = Draft::default();
            client.attach(&mut draft, cx).map_err(lack)?;
            request.headers_mut().extend(draft.headers);
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
            let body = serde_json::json!({ "access_token": token.expose() });
            *request.body_mut() = body.to_string().into_bytes();
        }
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::RevokeFlow;
    use crate::client_auth::ClientCredentials;
    use crate::flow::{Endpoint, Flow as _, Input, Step};
    use crate::message::quirks::RevokeBy;
    use crate::message::revocation::RevocationRequest;
    use crate::{Cx, Entropy, Secret, Timestamp};

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    #[test]
    fn a_server_with_a_way_of_its_own_is_asked_in_it() {
        let client = ClientCredentials::confidential("cl", Secret::new("s"));
        let endpoint = Endpoint::new("https://as.example/applications/{client_id}/grant", client);
        let request = RevocationRequest {
            token: Secret::new("t"),
        };
        for (by, method, path, authorization, body) in [
            (
                RevokeBy::Form,
                "POST",
                "/applications/%7Bclient_id%7D/grant",
                "Basic Y2w6cw==",
                "token=t",
            ),
            (
                RevokeBy::Bearer,
                "POST",
                "/applications/cl/grant",
                "Bearer t",
                "",
            ),
            (
                RevokeBy::Delete,
                "DELETE",
                "/applications/cl/grant",
                "Basic Y2w6cw==",
                r#"{"access_token":"t"}"#,
            ),
        ] {
            let mut flow = RevokeFlow::by(by, endpoint.clone(), &request);
            let mut zeros = Zeros;
            let cx = &mut Cx::new(Timestamp::from_secs(1), &mut zeros);
            let Ok(Step::Send(sent)) = flow.step(Input::Start, cx) else {
                panic!("expected a request")
            };
            assert_eq!((sent.method().as_str(), sent.uri().path()), (method, path));
            assert_eq!(sent.headers()["authorization"], authorization);
            assert_eq!(sent.body(), body.as_bytes());
            let mut answer = http::Response::new(Vec::new());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            let done = flow.step(Input::Response(Ok(answer)), cx);
            assert!(matches!(done, Ok(Step::Done(()))), "{done:?}");
        }
    }
}
