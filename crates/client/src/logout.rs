use std::time::Duration;

use gatepass_proto::Secret;
use gatepass_proto::flow::{Endpoint, RevokeFlow};
use gatepass_proto::message::quirks::RevokeBy;
use gatepass_proto::message::revocation::RevocationRequest;

use crate::inner::Inner;
use crate::server::Door;
use crate::tokens::{StoredToken, TokenKey};
use crate::{Credential, Error, OAuth, Session};

/// How long a logout waits for another process that renews.
const PATIENCE: Duration = Duration::from_secs(75);

/// What a logout did.
#[derive(Clone, Debug)]
pub enum LogoutReport {
    /// There was no token.
    NothingStored,
    /// The server revoked the tokens (RFC 7009); they are forgotten here.
    Revoked,
    /// Forgotten here; the server cannot revoke access tokens, so that it lives until it expires.
    Forgotten,
    /// Forgotten here; the server could not be told, so the tokens live until they expire.
    NotRevoked(Error),
}

impl Session {
    /// Revokes the stored token at the server and forgets it here, which happens even if the server is down; and with it
    /// those of [`Session::with_scope`]. The report is of the one that fared worst.
    ///
    /// # Errors
    ///
    /// A stored token cannot be read or removed.
    pub async fn logout(&self) -> Result<LogoutReport, Error> {
        let settled = self.settled(None);
        let inner = &settled.inner;
        let mut report = inner.end(&inner.key).await?;
        *inner.state() = crate::inner::State::default();
        for key in inner.tokens.keys().await? {
            if key.is_for_a_scope_of(&inner.key) {
                report = report.or_worse(inner.end(&key).await?);
            }
        }
        Ok(report)
    }
}

impl LogoutReport {
    fn or_worse(self, other: Self) -> Self {
        match (self, other) {
            (own, Self::NothingStored) => own,
            (Self::NothingStored | Self::Revoked, other) => other,
            (own, Self::Revoked) => own,
            (own @ Self::NotRevoked(_), _) => own,
            (Self::Forgotten, other) => other,
        }
    }
}

impl Inner {
    async fn end(&self, key: &TokenKey) -> Result<LogoutReport, Error> {
        let _lock = self.tokens.lock(key, PATIENCE).await?;
        let stored = self.tokens.load(key).await?;
        let report = match &stored {
            None => LogoutReport::NothingStored,
            Some(token) => self.revoke(token).await,
        };
        self.tokens.forget(key).await?;
        Ok(report)
    }

    pub(crate) async fn revoke(&self, token: &StoredToken) -> LogoutReport {
        // A token made for another credential is not shown to this one's server.
        let oauth = match &self.credential {
            Credential::OAuth(oauth) if token.binding == self.credential.binding() => oauth,
            _ => return LogoutReport::Forgotten,
        };
        match self.try_revoke(oauth, token).await {
            Ok(report) => report,
            Err(error) => LogoutReport::NotRevoked(error),
        }
    }

    /// The refresh token first: at most servers the access token goes with it.
    async fn try_revoke(&self, oauth: &OAuth, token: &StoredToken) -> Result<LogoutReport, Error> {
        let server = self.server(oauth, &[Door::Revocation]).await?;
        let Some(url) = server.door(Door::Revocation)? else {
            return Ok(LogoutReport::Forgotten);
        };
        let client = self.client(oauth, &server).await?;
        // The access token alone is what other ways of revoking take.
        let refresh_token = match oauth.quirks.revoke_by {
            RevokeBy::Form => token.refresh_token.as_ref(),
            RevokeBy::Bearer | RevokeBy::Delete => None,
        };
        let tokens: [Option<&Secret>; 2] = [refresh_token, Some(&token.access_token)];
        let mut report = LogoutReport::Revoked;
        for token in tokens.into_iter().flatten() {
            let request = RevocationRequest {
                token: token.clone(),
            };
            let endpoint = Endpoint::new(url, client.clone());
            let mut flow = RevokeFlow::by(oauth.quirks.revoke_by, endpoint, &request);
            match self.drive(&mut flow).await {
                // RFC 7009 §2.2.1: this kind, a JWT mostly, lives until it expires.
                Err(error) if error.is_refused_as("unsupported_token_type") => {
                    report = LogoutReport::Forgotten;
                }
                outcome => outcome?,
            }
        }
        Ok(report)
    }
}
