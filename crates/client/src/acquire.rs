//! How a token is made for each credential, without a person.

use std::time::Duration;

use gatepass_http::OsEntropy;
use gatepass_proto::dpop::Dpop;
use gatepass_proto::flow::{Granted, TokenFlow};
use gatepass_proto::grant::GrantParams;
use gatepass_proto::grant::client_credentials::ForItself;
use gatepass_proto::grant::password::Login;
use gatepass_proto::grant::refresh_token::Refresh;
use gatepass_proto::{Cx, Scope, Secret};

use crate::inner::Inner;
use crate::server::{Door, Server};
use crate::tokens::StoredToken;
use crate::{Credential, Error, Grant, OAuth};

/// The pause before a refresh whose answer was lost is sent once more.
const AGAIN: Duration = Duration::from_millis(200);

/// A grant that needs no person, ready to be asked.
pub(crate) type Ready = Box<dyn GrantParams + Send + Sync>;

impl Inner {
    /// The token that follows `old`, without a person.
    pub(crate) async fn successor(&self, old: Option<&StoredToken>) -> Result<StoredToken, Error> {
        if let (Credential::OAuth(oauth), Some(old)) = (&self.credential, old)
            && let Some(refresh_token) = &old.refresh_token
        {
            match self.refresh(oauth, old, refresh_token).await {
                Ok(token) => return Ok(token.succeeding(old)),
                Err(error) if error.is_invalid_grant() && !self.credential.needs_person() => {}
                Err(error) => return Err(error),
            }
        }
        self.first(old).await
    }

    /// A first token, without a person. A key that `old` was bound to is used on.
    pub(crate) async fn first(&self, old: Option<&StoredToken>) -> Result<StoredToken, Error> {
        match &self.credential {
            Credential::Login(login) => self.log_in_at(login, old).await,
            Credential::OAuth(oauth) if oauth.grant.needs_person() => {
                Err(Error::LoginNeeded("there is no token to renew".into()))
            }
            Credential::OAuth(oauth) => {
                let server = self.server(oauth, &[Door::Token]).await?;
                let grant = self.ready(oauth, &server).await?;
                let granted = self.ask(oauth, &server, &*grant, old).await?;
                self.keepable(oauth, granted, old, oauth.scope.as_ref())
            }
            _ => Err(Error::Setup("this credential makes no tokens".into())),
        }
    }

    async fn ready(&self, oauth: &OAuth, server: &Server) -> Result<Ready, Error> {
        let scope = oauth.scope.clone();
        Ok(match &oauth.grant {
            Grant::Password { username, password } => Box::new(Login {
                username: username.clone(),
                password: password.read().await?,
                scope,
            }),
            Grant::JwtBearer(bearer) => self.bearer(oauth, bearer, server).await?,
            Grant::TokenExchange(exchange) => Box::new(self.exchange(oauth, exchange).await?),
            _ => Box::new(ForItself {
                scope,
                resource: oauth.resource.clone(),
            }),
        })
    }

    /// A refresh (RFC 6749 §6). When the answer is lost it is sent once more at once: a server with a grace gives
    /// the same successor then, and to one without it nothing is lost that was not lost already.
    async fn refresh(
        &self,
        oauth: &OAuth,
        old: &StoredToken,
        refresh_token: &Secret,
    ) -> Result<StoredToken, Error> {
        let grant = Refresh {
            refresh_token: refresh_token.clone(),
            scope: None,
        };
        let doors = self.token_doors(oauth);
        let server = self.server(oauth, &doors).await?;
        let granted = match self.ask(oauth, &server, &grant, Some(old)).await {
            Err(error) if error.is_unreachable() => {
                tracing::debug!(%error, "the answer to a refresh was lost; asking again");
                tokio::time::sleep(AGAIN).await;
                self.ask(oauth, &server, &grant, Some(old)).await
            }
            outcome => outcome,
        };
        self.keepable(oauth, granted?, Some(old), None)
    }

    /// What has to be known of a server whose answer may have an ID token.
    pub(crate) fn token_doors(&self, oauth: &OAuth) -> Vec<Door> {
        let openid = |scope: &Scope| scope.contains("openid");
        match oauth.scope.as_ref().is_some_and(openid) {
            true => vec![Door::Token, Door::Jwks],
            false => vec![Door::Token],
        }
    }

    async fn ask(
        &self,
        oauth: &OAuth,
        server: &Server,
        grant: &(dyn GrantParams + Send + Sync),
        old: Option<&StoredToken>,
    ) -> Result<Granted, Error> {
        let client = self.client(oauth, server).await?;
        let mut setup = server.tokens(oauth, client, self.dpop(oauth, old)?)?;
        if let Some(id_token) = &mut setup.id_token {
            id_token.subject = old.and_then(|old| old.subject.clone());
        }
        self.drive(&mut TokenFlow::new(setup, grant)).await
    }

    /// The key that a new token is bound to: that of the token before it, or a new one where the profile wants one.
    pub(crate) fn dpop(
        &self,
        oauth: &OAuth,
        old: Option<&StoredToken>,
    ) -> Result<Option<Dpop>, Error> {
        if let Some(key) = old.and_then(|old| old.dpop_key.as_ref()) {
            return self.proofs(key).map(Some);
        }
        if !oauth.dpop {
            return Ok(None);
        }
        let dpop = Dpop::generate(&mut Cx::new(self.clock.now(), &mut OsEntropy))
            .map_err(|error| Error::Setup(error.to_string()))?;
        self.state().proofs = Some(dpop.clone());
        Ok(Some(dpop))
    }

    /// The token as it is kept.
    pub(crate) fn keepable(
        &self,
        oauth: &OAuth,
        granted: Granted,
        old: Option<&StoredToken>,
        asked_scope: Option<&Scope>,
    ) -> Result<StoredToken, Error> {
        self.tell_skew(granted.clock_skew);
        let binding = self.credential.binding();
        let mut token = StoredToken::obtained(granted.token, granted.asked_at, binding)
            .identified(granted.id.as_ref());
        token.issuer.clone_from(&oauth.issuer);
        token.asked_scope = asked_scope.cloned();
        if let (Some(asked), Some(got)) = (asked_scope, &token.scope)
            && !asked.is_subset_of(got)
        {
            tracing::warn!(target: "gatepass_client::scope", %asked, granted = %got, "the server granted less than was asked for");
        }
        token.scope = token.scope.or_else(|| asked_scope.cloned());
        let bound = old.is_some_and(|old| old.dpop_key.is_some()) || oauth.dpop;
        if let Some(dpop) = self.state().proofs.as_ref().filter(|_| bound) {
            token.dpop_key = Some(dpop.to_private_jwk().clone());
        }
        Ok(token)
    }

    /// A clock that is wrong by minutes is lived with, and told.
    fn tell_skew(&self, skew: Option<i64>) {
        const TELL: i64 = 30_000;
        if let Some(skew) = skew.filter(|skew| skew.abs() > TELL) {
            let seconds = skew / 1000;
            tracing::warn!(
                seconds,
                "this machine's clock differs from the server's; set it right"
            );
        }
    }
}
