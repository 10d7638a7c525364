//! A client that registers itself (RFC 7591), and what it was registered as, kept for each issuer.

use std::time::Duration;

use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{DeleteClientFlow, RegisterFlow};
use gatepass_proto::message::registration::{ClientInformation, ClientMetadata};
use gatepass_proto::{Digest, Secret};
use serde_json::Value;

use crate::inner::Inner;
use crate::server::{Door, Server};
use crate::tokens::{StoredToken, TokenKey};
use crate::{Credential, Error, Grant, OAuth, Session};

/// How long another program that registers is waited for.
const PATIENCE: Duration = Duration::from_secs(75);
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
                Ok(self.inner.kept(oauth).await?.map(|(_, kept)| kept))
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
        let Credential::OAuth(oauth) = &self.inner.credential else {
            return Ok(());
        };
        while let Some((key, information)) = self.inner.kept(oauth).await? {
            self.inner.delete(information).await?;
            self.inner.tokens.forget(&key).await?;
        }
        Ok(())
    }
}

impl Inner {
    async fn delete(&self, information: ClientInformation) -> Result<(), Error> {
        if information.registration_client_uri.is_some() {
            let mut flow = DeleteClientFlow::new(information)?;
            self.drive(&mut flow).await?;
        }
        Ok(())
    }

    /// Who we are at this server; a client without an id registers itself.
    pub(crate) async fn client_for_login(
        &self,
        oauth: &OAuth,
        server: &Server,
    ) -> Result<ClientCredentials, Error> {
        if oauth.client_id.is_none() {
            let now = self.clock.now();
            // Programs that log in at one server at the same time register one client there.
            let _turn = self.tokens.lock(&key(&server.issuer), PATIENCE).await?;
            match self.kept(oauth).await? {
                None => self.register(oauth, server, &key(&server.issuer)).await?,
                Some((at, own)) if own.secret_has_expired(now) => {
                    self.register(oauth, server, &at).await?;
                }
                Some((at, own)) if !self.may_ask(oauth, &at, &own).await? => {
                    let wider = wider(oauth, &own);
                    self.register(&wider, server, &own_key(oauth)).await?;
                }
                Some(_) => {}
            }
        }
        self.client(oauth, server).await
    }

    /// Who we were registered as.
    pub(crate) async fn registered(&self, oauth: &OAuth) -> Result<ClientCredentials, Error> {
        let known = self.kept(oauth).await?.map(|(_, known)| known);
        let known = known.ok_or_else(|| {
            Error::LoginNeeded("the client is not registered at this server yet".into())
        })?;
        let mut client = ClientCredentials::public(known.client_id.as_str());
        client.client_secret = known.client_secret;
        client.method = known.metadata.token_endpoint_auth_method;
        Ok(client)
    }

    /// Whether the client registered itself before, and is not one of the profile's.
    pub(crate) async fn has_registered(&self, oauth: &OAuth) -> Result<bool, Error> {
        Ok(oauth.registers() && self.kept(oauth).await?.is_some())
    }

    /// Forgets what the server has forgotten.
    pub(crate) async fn forget_registration(&self, oauth: &OAuth) -> Result<(), Error> {
        match self.kept(oauth).await? {
            Some((key, _)) => Ok(self.tokens.forget(&key).await?),
            None => Ok(()),
        }
    }

    /// The registration that is used, and where it is kept: that of the resource alone, else that at the issuer.
    async fn kept(&self, oauth: &OAuth) -> Result<Option<(TokenKey, ClientInformation)>, Error> {
        for key in [own_key(oauth), key(&oauth.issuer)] {
            if let Some(information) = self.registration(&key).await? {
                return Ok(Some((key, information)));
            }
        }
        Ok(None)
    }

    /// Whether a registered client may ask for the scope, as far as is known: some servers hold it to what it registered. One
    /// that was discovered is for many resources, and nobody knows beforehand what they want.
    async fn may_ask(
        &self,
        oauth: &OAuth,
        key: &TokenKey,
        known: &ClientInformation,
    ) -> Result<bool, Error> {
        let (true, Some(wanted), Some(registered)) =
            (oauth.discovered, &oauth.scope, &known.metadata.scope)
        else {
            return Ok(true);
        };
        let kept = self.tokens.load(key).await?;
        let asked = kept.and_then(|kept| kept.asked_scope);
        let asked = asked.is_some_and(|asked| wanted.is_subset_of(&asked));
        Ok(asked || wanted.is_subset_of(registered))
    }

    async fn registration(&self, key: &TokenKey) -> Result<Option<ClientInformation>, Error> {
        let kept = self.tokens.load(key).await?;
        let document = kept.as_ref().and_then(|kept| kept.members.get(DOCUMENT));
        let Some(document) = document.and_then(Value::as_str) else {
            return Ok(None);
        };
        ClientInformation::parse(document.as_bytes())
            .map(Some)
            .map_err(|reason| Error::Setup(format!("the kept registration: {reason}")))
    }

    async fn register(&self, oauth: &OAuth, server: &Server, at: &TokenKey) -> Result<(), Error> {
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
        kept.asked_scope.clone_from(&oauth.scope);
        let document = information.expose_json().to_string();
        kept.members.insert(DOCUMENT.to_owned(), document.into());
        Ok(self.tokens.save(at, &kept).await?)
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

/// The same client, asking for what it registered for too.
fn wider(oauth: &OAuth, known: &ClientInformation) -> OAuth {
    let mut wider = oauth.clone();
    if let (Some(own), Some(before)) = (&oauth.scope, &known.metadata.scope) {
        wider.scope = Some(before.union(own));
    }
    wider
}

/// Where the registration at an issuer is kept.
fn key(issuer: &Option<String>) -> TokenKey {
    named(issuer.as_deref().unwrap_or_default())
}

/// Where the registration for a resource alone is kept.
fn own_key(oauth: &OAuth) -> TokenKey {
    let issuer = oauth.issuer.as_deref().unwrap_or_default();
    named(&format!("{issuer}\n{}", oauth.resource.join("\n")))
}

fn named(what: &str) -> TokenKey {
    let mut digest = Digest::of(what).to_base64url();
    digest.truncate(16);
    TokenKey::session().beside(&format!("client-{digest}"))
}
