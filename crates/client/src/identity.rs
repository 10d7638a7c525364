//! What a server says of a token and of whose it is.

use gatepass_proto::Secret;
use gatepass_proto::flow::{Endpoint, IntrospectFlow, SignedUserInfo, UserInfoFlow, UserInfoSetup};
use gatepass_proto::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use gatepass_proto::message::logout::LogoutRequest;
use gatepass_proto::message::userinfo::UserInfo;
use std::time::Duration;
use url::Url;

use crate::server::Door;
use crate::{Credential, Error, OAuth, Session};

impl Session {
    /// The claims about whoever the token is for (OpenID Connect Core §5.3).
    ///
    /// # Errors
    ///
    /// As [`Session::token`]; the server has no such endpoint, refused, or spoke of somebody else.
    pub async fn userinfo(&self) -> Result<UserInfo, Error> {
        let oauth = self.oauth()?;
        let inner = &self.inner;
        let token = self.token(Duration::ZERO).await?;
        let server = inner.server(oauth, &[Door::Userinfo, Door::Jwks]).await?;
        let client = inner.client(oauth, &server).await?;
        let signed = match (&server.issuer, server.door(Door::Jwks)?) {
            (Some(issuer), Some(_)) => Some(SignedUserInfo {
                issuer: issuer.clone(),
                client_id: client.client_id.clone(),
                keys: inner.keys(&server).await?,
                algorithms: Vec::new(),
                client_secret: client.client_secret.clone(),
            }),
            _ => None,
        };
        let dpop = match &token.dpop_key {
            Some(key) if token.token_type.eq_ignore_ascii_case("dpop") => Some(inner.proofs(key)?),
            _ => None,
        };
        let mut flow = UserInfoFlow::new(UserInfoSetup {
            endpoint: server.need(Door::Userinfo)?.to_owned(),
            access_token: token.access_token,
            dpop,
            sub: token.subject,
            signed,
        });
        inner.drive(&mut flow).await
    }

    /// What the server says of a token (RFC 7662): of `token`, or of the one at hand.
    ///
    /// # Errors
    ///
    /// As [`Session::token`]; the server has no such endpoint, or refused.
    pub async fn introspect(&self, token: Option<Secret>) -> Result<IntrospectionResponse, Error> {
        let oauth = self.oauth()?;
        let token = match token {
            Some(token) => token,
            None => self.token(Duration::ZERO).await?.access_token,
        };
        let server = self.inner.server(oauth, &[Door::Introspection]).await?;
        let client = self.inner.client(oauth, &server).await?;
        let endpoint = Endpoint::new(server.need(Door::Introspection)?, client);
        let mut flow = IntrospectFlow::new(endpoint, &IntrospectionRequest { token });
        self.inner.drive(&mut flow).await
    }

    /// Where a browser goes to log out at the server too (OpenID RP-Initiated Logout 1.0); `None` where the server has
    /// no such page. Ask before [`Session::logout`], which forgets the ID token.
    ///
    /// # Errors
    ///
    /// The server's metadata cannot be had.
    pub async fn logout_url(&self) -> Result<Option<Url>, Error> {
        let oauth = self.oauth()?;
        let server = self.inner.server(oauth, &[Door::EndSession]).await?;
        let Some(endpoint) = server.door(Door::EndSession)? else {
            return Ok(None);
        };
        let client = self.inner.client(oauth, &server).await?;
        let request = LogoutRequest {
            id_token_hint: self.inner.stored().await?.and_then(|token| token.id_token),
            client_id: (!client.is_nobody()).then_some(client.client_id),
            ..LogoutRequest::default()
        };
        let url = request.url(endpoint);
        url.map(Some)
            .map_err(|reason| Error::Setup(reason.to_owned()))
    }

    fn oauth(&self) -> Result<&OAuth, Error> {
        match &self.inner.credential {
            Credential::OAuth(oauth) => Ok(oauth),
            other => Err(Error::Setup(format!(
                "method {} has no authorization server to ask",
                other.method()
            ))),
        }
    }
}
