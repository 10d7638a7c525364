//! A client that registers itself (RFC 7591), and what it was registered as, kept for each issuer.

use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{DeleteClientFlow, RegisterFlow};
use gatepass_proto::message::registration::{ClientInformation, ClientMetadata};
use gatepass_proto::{Digest, Secret};
use serde_json::Value;

use crate::inner::Inner;
use crate::server::{Door, Server};
use crate::tokens::{StoredToken, TokenKey};
use crate::{Credential, Error, Grant, OAuth, Session};

/// As what kind of token a registration is kept.
const KIND: &str = "registration";
/// Under which name the document is kept beside it.
const DOCUMENT: &str = "client_information";

impl Session {
    /// What the client of this session was registered as, where it registered itself.
    ///
    /// # Errors
    ///
    /// What is kept cannot be read.
    pub async fn registration(&self) -> Result<Option<ClientInformation>, Error> {
        match &self.inner.credential {
            Credential::OAuth(oauth) if oauth.registers() => {
                self.inner.registration(oauth.issuer.as_deref()).await
            }
            _ => Ok(None),
        }
    }

    /// Deletes the registration at the server (RFC 7592 §2.3) and forgets it here. Nothing happens where there is none.
    ///
    /// # Errors
    ///
    /// The server refused, and the registration stays.
    pub async fn unregister(&self) -> Result<(), Error> {
        let Some(information) = self.registration().await? else {
            return Ok(());
        };
        let Credential::OAuth(oauth) = &self.inner.credential else {
            return Ok(());
        };
        if information.registration_client_uri.is_some() {
            let mut flow = DeleteClientFlow::new(information)?;
            self.inner.drive(&mut flow).await?;
        }
        let key = key(oauth.issuer.as_deref());
        Ok(self.inner.tokens.forget(&key).await?)
    }
}

impl Inner {
    /// Who we are at this server; a client without an id registers itself.
    pub(crate) async fn client_for_login(
        &self,
        oauth: &OAuth,
        server: &Server,
    ) -> Result<ClientCredentials, Error> {
        if oauth.client_id.is_none() {
            let known = self.registration(server.issuer.as_deref()).await?;
            let now = self.clock.now();
            if known.is_none_or(|known| known.secret_has_expired(now)) {
                self.register(oauth, server).await?;
            }
        }
        self.client(oauth, server).await
    }

    /// Who we were registered as.
    pub(crate) async fn registered(&self, server: &Server) -> Result<ClientCredentials, Error> {
        let known = self.registration(server.issuer.as_deref()).await?;
        let known = known.ok_or_else(|| {
            Error::LoginNeeded("the client is not registered at this server yet".into())
        })?;
        let mut client = ClientCredentials::public(known.client_id.as_str());
        client.client_secret = known.client_secret;
        client.method = known.metadata.token_endpoint_auth_method;
        Ok(client)
    }

    async fn registration(&self, issuer: Option<&str>) -> Result<Option<ClientInformation>, Error> {
        let kept = self.tokens.load(&key(issuer)).await?;
        let document = kept.as_ref().and_then(|kept| kept.members.get(DOCUMENT));
        let Some(document) = document.and_then(Value::as_str) else {
            return Ok(None);
        };
        ClientInformation::parse(document.as_bytes())
            .map(Some)
            .map_err(|reason| Error::Setup(format!("the kept registration: {reason}")))
    }

    async fn register(&self, oauth: &OAuth, server: &Server) -> Result<(), Error> {
        let endpoint = match server.door(Door::Registration)? {
            Some(endpoint) => endpoint.to_owned(),
            None => {
                // The doors that the login needs may all be named, and this one not.
                let server = self.server(oauth, &[Door::Registration]).await?;
                let found = server.door(Door::Registration)?.map(str::to_owned);
                found.ok_or_else(|| {
                    Error::Setup(
                        "the profile has no client_id, and the server registers no clients by itself; register one there and name it"
                            .into(),
                    )
                })?
            }
        };
        let mut flow = RegisterFlow::new(endpoint, None, metadata(oauth, server));
        let information = self.drive(&mut flow).await?;
        tracing::info!(client_id = %information.client_id, "registered at the server");
        let mut kept = StoredToken::new(
            Secret::new(KIND),
            self.clock.now(),
            self.credential.binding(),
        );
        kept.token_type = KIND.to_owned();
        kept.issuer.clone_from(&server.issuer);
        let document = information.expose_json().to_string();
        kept.members.insert(DOCUMENT.to_owned(), document.into());
        Ok(self
            .tokens
            .save(&key(server.issuer.as_deref()), &kept)
            .await?)
    }
}

/// What a program on a person's own machine says of itself (RFC 8252, RFC 7591 §2).
fn metadata(oauth: &OAuth, server: &Server) -> ClientMetadata {
    let listed =
        |list: &[String], name: &str| list.is_empty() || list.iter().any(|own| own == name);
    let methods = &server.metadata.token_endpoint_auth_methods_supported;
    let method = match listed(methods, "none") {
        true => "none",
        false => "client_secret_basic",
    };
    let mut grant_types = vec!["authorization_code", "refresh_token"];
    if server.metadata.device_authorization_endpoint.is_some() {
        grant_types.push("urn:ietf:params:oauth:grant-type:device_code");
    }
    let redirect_uri = match &oauth.grant {
        Grant::AuthorizationCode { redirect_uri } => redirect_uri.clone(),
        _ => Grant::LOOPBACK.to_owned(),
    };
    ClientMetadata {
        client_name: Some("gatepass".to_owned()),
        application_type: Some("native".to_owned()),
        redirect_uris: vec![redirect_uri],
        token_endpoint_auth_method: Some(method.to_owned()),
        grant_types: grant_types.into_iter().map(str::to_owned).collect(),
        response_types: vec!["code".to_owned()],
        scope: oauth.scope.clone(),
        dpop_bound_access_tokens: oauth.dpop,
        ..ClientMetadata::default()
    }
}

/// Where the registration at an issuer is kept.
fn key(issuer: Option<&str>) -> TokenKey {
    let mut digest = Digest::of(issuer.unwrap_or_default()).to_base64url();
    digest.truncate(16);
    TokenKey::session().beside(&format!("client-{digest}"))
}
