use std::time::Duration;

use gatepass_http::check_url;
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::DiscoverFlow;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::{ClientId, Timestamp};

use crate::session::Inner;
use crate::{Error, OAuth};

/// How long discovered metadata is believed without asking again.
const METADATA_AGE: Duration = Duration::from_secs(60 * 60);

/// Where an authorization server's doors are, and how a client shows itself there.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) issuer: Option<String>,
    pub(crate) iss_promised: bool,
    pub(crate) authorization: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) revocation: Option<String>,
    auth_methods: Vec<String>,
}

/// Which endpoint is wanted. Metadata is fetched only if the profile does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Token,
    Login,
    Revocation,
}

impl Inner {
    /// The endpoints that the profile names, and the discovered ones where it does not.
    pub(crate) async fn server(&self, oauth: &OAuth, wanted: Wanted) -> Result<Server, Error> {
        let named = &oauth.endpoints;
        let complete = match wanted {
            Wanted::Token => named.token.is_some(),
            Wanted::Login => named.token.is_some() && named.authorization.is_some(),
            Wanted::Revocation => named.revocation.is_some(),
        };
        let found = match &oauth.issuer {
            Some(issuer) if !complete => self.metadata(issuer).await?,
            _ => ServerMetadata::default(),
        };
        let server = Server {
            issuer: oauth.issuer.clone(),
            iss_promised: found.authorization_response_iss_parameter_supported,
            authorization: named.authorization.clone().or(found.authorization_endpoint),
            token: named.token.clone().or(found.token_endpoint),
            revocation: named.revocation.clone().or(found.revocation_endpoint),
            auth_methods: found.token_endpoint_auth_methods_supported,
        };
        for endpoint in [&server.authorization, &server.token, &server.revocation]
            .into_iter()
            .flatten()
        {
            let checked = endpoint.parse().map_err(|_| "is not a URL".to_owned());
            checked
                .and_then(|url| check_url(&url).map_err(|error| error.to_string()))
                .map_err(|reason| Error::Setup(format!("endpoint {endpoint:?}: {reason}")))?;
        }
        Ok(server)
    }

    async fn metadata(&self, issuer: &str) -> Result<ServerMetadata, Error> {
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
        match self.drive(&mut DiscoverFlow::new(issuer)?).await {
            Ok(metadata) => {
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

    /// Who we are, shown by the method of the profile, or by one that the server takes.
    pub(crate) async fn client(
        &self,
        oauth: &OAuth,
        server: &Server,
    ) -> Result<ClientCredentials, Error> {
        let client_secret = match &oauth.client_secret {
            Some(secret) => Some(secret.read().await?),
            None => None,
        };
        let takes = |name: &str| server.auth_methods.iter().any(|own| own == name);
        let post =
            client_secret.is_some() && takes("client_secret_post") && !takes("client_secret_basic");
        let method = oauth
            .client_auth
            .clone()
            .or_else(|| post.then(|| "client_secret_post".to_owned()));
        Ok(ClientCredentials {
            client_id: ClientId::new(oauth.client_id.as_str()),
            client_secret,
            method,
        })
    }
}

impl Server {
    pub(crate) fn token(&self) -> Result<&str, Error> {
        self.token.as_deref().ok_or_else(|| {
            Error::Setup("the server names no token_endpoint; name it in the profile".into())
        })
    }

    pub(crate) fn authorization(&self) -> Result<&str, Error> {
        let missing = "the server names no authorization_endpoint; name it in the profile";
        self.authorization
            .as_deref()
            .ok_or_else(|| Error::Setup(missing.into()))
    }
}

/// Metadata and when it was fetched.
pub(crate) type Known = Option<(Timestamp, ServerMetadata)>;
