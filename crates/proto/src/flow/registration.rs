//! Registers a client, and reads, changes and deletes the registration (RFC 7591, RFC 7592).

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::Value;

use super::bearer::{authorization, refused};
use super::{Flow, FlowError, Input, Request, Response, Step};
use crate::message::known::KnownSecrets;
use crate::message::link;
use crate::message::registration::{ClientInformation, ClientMetadata};
use crate::message::token::ErrorResponse;
use crate::{Cx, Secret};

/// Registers a client at the `registration_endpoint` (RFC 7591 §3).
#[derive(Debug)]
pub struct RegisterFlow {
    endpoint: String,
    initial_access_token: Option<Secret>,
    metadata: ClientMetadata,
}

impl RegisterFlow {
    /// What the client says of itself, and the token by which it may, where the server does not let everybody.
    pub fn new(
        endpoint: impl Into<String>,
        initial_access_token: Option<Secret>,
        metadata: ClientMetadata,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            initial_access_token,
            metadata,
        }
    }

    fn request(&self) -> Result<Request, FlowError> {
        let body = serde_json::to_value(&self.metadata)
            .map_err(|_| FlowError::Setup("the client metadata cannot be written".to_owned()))?;
        let token = self.initial_access_token.as_ref();
        request(Method::POST, &self.endpoint, token, Some(&body))
    }

    fn known(&self) -> KnownSecrets {
        self.initial_access_token.iter().collect()
    }
}

impl Flow for RegisterFlow {
    type Output = ClientInformation;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<ClientInformation>, FlowError> {
        match input {
            Input::Start => self.request().map(Step::Send),
            Input::Response(response) => read(&response?, &self.known()).map(Step::Done),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Reads a registration (RFC 7592 §2.1). What comes replaces what was known: the server may have changed the secret and
/// the token.
#[derive(Debug)]
pub struct ReadClientFlow(Managed);

impl ReadClientFlow {
    /// The registration to read.
    ///
    /// # Errors
    ///
    /// [`FlowError::Setup`] when the server gave it no place to be managed at, or no safe one.
    pub fn new(client: ClientInformation) -> Result<Self, FlowError> {
        Managed::new(client).map(Self)
    }
}

impl Flow for ReadClientFlow {
    type Output = ClientInformation;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<ClientInformation>, FlowError> {
        match input {
            Input::Start => self.0.request(Method::GET, None).map(Step::Send),
            Input::Response(response) => self.0.read(&response?).map(Step::Done),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Changes a registration (RFC 7592 §2.2). The new metadata replaces the old as a whole.
#[derive(Debug)]
pub struct UpdateClientFlow {
    managed: Managed,
    metadata: ClientMetadata,
}

impl UpdateClientFlow {
    /// The registration to change, and what it is to say.
    ///
    /// # Errors
    ///
    /// As [`ReadClientFlow::new`].
    pub fn new(client: ClientInformation, metadata: ClientMetadata) -> Result<Self, FlowError> {
        Ok(Self {
            managed: Managed::new(client)?,
            metadata,
        })
    }
}

impl Flow for UpdateClientFlow {
    type Output = ClientInformation;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<ClientInformation>, FlowError> {
        match input {
            Input::Start => {
                let body = self.managed.client.to_update(self.metadata.clone());
                let request = self.managed.request(Method::PUT, Some(&body));
                request.map(Step::Send)
            }
            Input::Response(response) => self.managed.read(&response?).map(Step::Done),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Deletes a registration, and with it the client and its tokens (RFC 7592 §2.3).
#[derive(Debug)]
pub struct DeleteClientFlow(Managed);

impl DeleteClientFlow {
    /// The registration to delete.
    ///
    /// # Errors
    ///
    /// As [`ReadClientFlow::new`].
    pub fn new(client: ClientInformation) -> Result<Self, FlowError> {
        Managed::new(client).map(Self)
    }
}

impl Flow for DeleteClientFlow {
    type Output = ();

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<()>, FlowError> {
        match input {
            Input::Start => self.0.request(Method::DELETE, None).map(Step::Send),
            Input::Response(response) => {
                let response = response?;
                if response.status().is_success() {
                    Ok(Step::Done(()))
                } else {
                    Err(refused(&response, &self.0.known()))
                }
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// A registration that has a place to be managed at.
#[derive(Debug)]
struct Managed {
    client: ClientInformation,
    place: String,
    token: Secret,
}

impl Managed {
    fn new(client: ClientInformation) -> Result<Self, FlowError> {
        let (Some(place), Some(token)) = (
            &client.registration_client_uri,
            &client.registration_access_token,
        ) else {
            let text = "the server gave this client no registration_client_uri and registration_access_token; \
                        change it where it was registered";
            return Err(FlowError::Setup(text.to_owned()));
        };
        let place = link::parse(place).ok_or_else(|| {
            FlowError::Setup("the registration_client_uri is not an https link".to_owned())
        })?;
        Ok(Self {
            place: place.into(),
            token: token.clone(),
            client,
        })
    }

    fn request(&self, method: Method, body: Option<&Value>) -> Result<Request, FlowError> {
        request(method, &self.place, Some(&self.token), body)
    }

    /// A change names the client's secret too (RFC 7592 §2.2).
    fn known(&self) -> KnownSecrets {
        let secret = self.client.client_secret.as_ref();
        [&self.token].into_iter().chain(secret).collect()
    }

    /// An answer about another client is not believed. What the answer leaves out stays as it was, for many a server
    /// shows a secret only once.
    fn read(&self, response: &Response) -> Result<ClientInformation, FlowError> {
        let mut now = read(response, &self.known())?;
        let Self { client: before, .. } = self;
        if now.client_id != before.client_id {
            let text = "the answer is about another client (client_id differs)";
            return Err(FlowError::BadAnswer(text.to_owned()));
        }
        let has_secret = now
            .metadata
            .token_endpoint_auth_method
            .as_deref()
            .is_none_or(|method| method.starts_with("client_secret_"));
        if now.client_secret.is_none() && has_secret {
            now.client_secret.clone_from(&before.client_secret);
            now.client_secret_expires_at = now
                .client_secret_expires_at
                .or(before.client_secret_expires_at);
        }
        now.registration_access_token = now
            .registration_access_token
            .or_else(|| before.registration_access_token.clone());
        now.registration_client_uri = now
            .registration_client_uri
            .or_else(|| before.registration_client_uri.clone());
        now.client_id_issued_at = now.client_id_issued_at.or(before.client_id_issued_at);
        Ok(now)
    }
}

fn request(
    method: Method,
    url: &str,
    token: Option<&Secret>,
    body: Option<&Value>,
) -> Result<Request, FlowError> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = http::Request::builder()
        .method(method)
        .uri(url)
        .body(text.into_bytes())
        .map_err(|_| FlowError::Setup(format!("{url:?} is not a URL")))?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, authorization("Bearer", token)?);
    }
    Ok(request)
}

fn read(response: &Response, known: &KnownSecrets) -> Result<ClientInformation, FlowError> {
    if !response.status().is_success() || ErrorResponse::parse(response.body()).is_some() {
        return Err(refused(response, known));
    }
    ClientInformation::parse(response.body())
        .map_err(|fault| FlowError::BadAnswer(fault.to_owned()))
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
