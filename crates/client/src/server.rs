//! An authorization server as a client meets it: its doors, and how we show ourselves there.

use std::sync::Arc;
use std::time::Duration;

use gatepass_http::check_url;
use gatepass_proto::Timestamp;
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::dpop::Dpop;
use gatepass_proto::flow::{DiscoverFlow, Endpoint, IdTokenSetup, TokenSetup};
use gatepass_proto::message::metadata::ServerMetadata;

use crate::inner::Inner;
use crate::{Endpoints, Error, OAuth};

/// How long discovered metadata is believed without looking again, in one process. Below it the cache of documents
/// keeps to the rules of HTTP.
const METADATA_AGE: Duration = Duration::from_secs(60);

/// An authorization server.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Whom tokens are bound to.
    pub(crate) issuer: Option<String>,
    /// What it says of itself; empty where the profile names all that is needed.
    pub(crate) metadata: Arc<ServerMetadata>,
    named: Endpoints,
    /// Whether we show a certificate, for which it may have other doors (RFC 8705 §5).
    certified: bool,
}

/// A door of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Authorization,
    Token,
    Revocation,
    Introspection,
    Userinfo,
    Device,
    Par,
    Backchannel,
    Registration,
    EndSession,
    Jwks,
}

/// Metadata and when it was looked at.
pub(crate) type Known = Option<(Timestamp, Arc<ServerMetadata>)>;

impl Door {
    /// The member of the metadata that names it.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Userinfo => "userinfo_endpoint",
            Self::Device => "device_authorization_endpoint",
            Self::Par => "pushed_authorization_request_endpoint",
            Self::Backchannel => "backchannel_authentication_endpoint",
            Self::Registration => "registration_endpoint",
            Self::EndSession => "end_session_endpoint",
            Self::Jwks => "jwks_uri",
        }
    }

    fn named(self, named: &Endpoints) -> Option<&String> {
        match self {
            Self::Authorization => &named.authorization,
            Self::Token => &named.token,
            Self::Revocation => &named.revocation,
            Self::Introspection => &named.introspection,
            Self::Userinfo => &named.userinfo,
            Self::Device => &named.device_authorization,
            Self::Par => &named.pushed_authorization_request,
            Self::Backchannel => &named.backchannel_authentication,
            Self::Registration => &named.registration,
            Self::EndSession => &named.end_session,
            Self::Jwks => &named.jwks,
        }
        .as_ref()
    }

    fn published(self, metadata: &ServerMetadata) -> Option<&String> {
        match self {
            Self::Authorization => &metadata.authorization_endpoint,
            Self::Token => &metadata.token_endpoint,
            Self::Revocation => &metadata.revocation_endpoint,
            Self::Introspection => &metadata.introspection_endpoint,
            Self::Userinfo => &metadata.userinfo_endpoint,
            Self::Device => &metadata.device_authorization_endpoint,
            Self::Par => &metadata.pushed_authorization_request_endpoint,
            Self::Backchannel => &metadata.backchannel_authentication_endpoint,
            Self::Registration => &metadata.registration_endpoint,
            Self::EndSession => &metadata.end_session_endpoint,
            Self::Jwks => &metadata.jwks_uri,
        }
        .as_ref()
    }

    /// The door for clients that show a certificate, where there is another (RFC 8705 §5).
    fn certified(self, metadata: &ServerMetadata) -> Option<&String> {
        let doors = metadata.mtls_endpoint_aliases.as_ref()?;
        match self {
            Self::Token => &doors.token_endpoint,
            Self::Revocation => &doors.revocation_endpoint,
            Self::Introspection => &doors.introspection_endpoint,
            Self::Userinfo => &doors.userinfo_endpoint,
            Self::Device => &doors.device_authorization_endpoint,
            Self::Par => &doors.pushed_authorization_request_endpoint,
            Self::Backchannel => &doors.backchannel_authentication_endpoint,
            _ => return None,
        }
        .as_ref()
    }
}

impl Server {
    /// The URL of a door, if it has that door.
    ///
    /// # Errors
    ///
    /// Nothing is sent to such a URL.
    pub(crate) fn door(&self, door: Door) -> Result<Option<&str>, Error> {
        let certified = self.certified.then(|| door.certified(&self.metadata));
        let url = door
            .named(&self.named)
            .or(certified.flatten())
            .or_else(|| door.published(&self.metadata));
        let Some(url) = url else { return Ok(None) };
        let checked = url.parse().map_err(|_| "is not a URL".to_owned());
        checked
            .and_then(|url| check_url(&url).map_err(|error| error.to_string()))
            .map_err(|reason| Error::Setup(format!("{} {url:?}: {reason}", door.member())))?;
        Ok(Some(url))
    }

    /// The URL of a door that has to be there.
    ///
    /// # Errors
    ///
    /// It is not there, or nothing is sent to such a URL.
    pub(crate) fn need(&self, door: Door) -> Result<&str, Error> {
        self.door(door)?.ok_or_else(|| {
            let member = door.member();
            Error::Setup(format!(
                "the server names no {member}; name it in the profile"
            ))
        })
    }

    /// How the ID tokens of this server are checked, where that is known.
    fn id_token(&self, oauth: &OAuth, client: &ClientCredentials) -> Option<IdTokenSetup> {
        Some(IdTokenSetup {
            issuer: self.issuer.clone()?,
            issuer_template: oauth.quirks.issuer_template.clone(),
            jwks_uri: self.door(Door::Jwks).ok()??.to_owned(),
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.clone(),
            algorithms: self.metadata.id_token_signing_alg_values_supported.clone(),
            nonce: None,
            max_age: None,
            acr_values: Vec::new(),
            subject: None,
            required: false,
        })
    }

    /// The token endpoint.
    pub(crate) fn tokens(
        &self,
        oauth: &OAuth,
        client: ClientCredentials,
        dpop: Option<Dpop>,
    ) -> Result<TokenSetup, Error> {
        let named = oauth.resource.iter().filter(|_| oauth.discovered);
        Ok(TokenSetup {
            resource: named.cloned().collect(),
            quirks: oauth.quirks.clone(),
            id_token: self
                .id_token(oauth, &client)
                .filter(|_| !client.is_nobody()),
            endpoint: Endpoint {
                url: self.need(Door::Token)?.to_owned(),
                client,
                dpop,
            },
        })
    }
}

impl Inner {
    /// The server, its metadata looked up unless the profile names every one of `doors`.
    pub(crate) async fn server(&self, oauth: &OAuth, doors: &[Door]) -> Result<Server, Error> {
        let named = doors
            .iter()
            .all(|door| door.named(&oauth.endpoints).is_some());
        let metadata = match &oauth.issuer {
            Some(issuer) if !named => self.metadata(issuer, oauth).await?,
            _ => Arc::default(),
        };
        Ok(Server {
            issuer: oauth.issuer.clone(),
            metadata,
            named: oauth.endpoints.clone(),
            certified: self.certified,
        })
    }

    async fn metadata(&self, issuer: &str, oauth: &OAuth) -> Result<Arc<ServerMetadata>, Error> {
        let now = self.clock.now();
        let mut known = self.metadata.lock().await;
        if let Some((at, metadata)) = known.as_ref().filter(|(at, _)| now < *at + METADATA_AGE) {
            tracing::trace!(%issuer, age = ?now.since(*at), "metadata from memory");
            return Ok(metadata.clone());
        }
        let url = issuer
            .parse()
            .map_err(|_| Error::Setup(format!("issuer {issuer:?} is not a URL")))?;
        check_url(&url).map_err(|error| Error::Setup(format!("issuer {issuer:?}: {error}")))?;
        let mut flow = DiscoverFlow::new(issuer)?;
        if let Some(template) = &oauth.quirks.issuer_template {
            flow = flow.accepting(template);
        }
        match self.drive(&mut flow).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Some((now, metadata.clone()));
                Ok(metadata)
            }
            // What it said before is better than nothing while it is down.
            Err(error) if error.is_temporary() => known
                .as_ref()
                .map(|(_, metadata)| metadata.clone())
                .ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Who we are, shown by the method of the profile, else as it was registered, else as the preset knows it, else by one
    /// that the server takes and we have the means for.
    pub(crate) async fn client(
        &self,
        oauth: &OAuth,
        server: &Server,
    ) -> Result<ClientCredentials, Error> {
        let mut client = match &oauth.client_id {
            Some(id) => ClientCredentials::public(id.as_str()),
            None if oauth.is_nobody() => return Ok(ClientCredentials::nobody()),
            None if oauth.registers() => self.registered(oauth).await?,
            None => return Err(Error::Setup("client_id is missing".into())),
        };
        if let Some(secret) = &oauth.client_secret {
            client.client_secret = Some(secret.read().await?);
        }
        if let Some(key) = &oauth.client_key {
            client.key = Some(Arc::new(key.read().await?));
        }
        client.assertion_typ = oauth
            .client_assertion_typ
            .unwrap_or(oauth.quirks.client_assertion_typ);
        client.audience = match &server.issuer {
            Some(issuer) => Some(issuer.clone()),
            None => server.door(Door::Token)?.map(str::to_owned),
        };
        let registered = client.method.take();
        client.method = oauth
            .client_auth
            .clone()
            .or(registered)
            .or_else(|| {
                let has_secret = client.client_secret.is_some();
                oauth.quirks.client_auth.clone().filter(|_| has_secret)
            })
            .or_else(|| {
                let listed = &server.metadata.token_endpoint_auth_methods_supported;
                Some(client.choose(self.certified, listed).to_owned())
            });
        Ok(client)
    }
}
