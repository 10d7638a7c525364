//! Tokens that were obtained elsewhere.

use std::time::Duration;

use crate::tokens::StoredToken;
use crate::{Credential, Error, Session};

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(75);

impl Session {
    /// Keeps a token that another program obtained for this credential, as if it had been obtained here. A token that does
    /// not tell its scope has the one that is asked for (RFC 6749 §5.1).
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] when there is a token already and `replace` is not set, and for a credential that makes no tokens;
    /// failures of the store.
    pub async fn adopt(&self, mut token: StoredToken, replace: bool) -> Result<(), Error> {
        let inner = &self.inner;
        if !inner.credential.makes_tokens() {
            let method = inner.credential.method();
            return Err(Error::Setup(format!("method {method} keeps no tokens")));
        }
        token.binding = inner.credential.binding();
        if let Credential::OAuth(oauth) = &inner.credential {
            token.issuer = token.issuer.or_else(|| oauth.issuer.clone());
            if token.scope.is_none() {
                token.asked_scope.clone_from(&oauth.scope);
            }
        }
        let _lock = inner.tokens.lock(&inner.key, PATIENCE).await?;
        if !replace && inner.tokens.load(&inner.key).await?.is_some() {
            return Err(Error::Setup(format!(
                "{} has a token already, which stays as it is",
                inner.key.as_str()
            )));
        }
        inner.tokens.save(&inner.key, &token).await?;
        inner.remember(&token);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gatepass_proto::{Secret, Timestamp};

    use crate::tokens::StoredToken;
    use crate::{Credential, Grant, OAuth, SecretRef, Session, TokenState};

    fn token(text: &str) -> StoredToken {
        StoredToken::new(Secret::new(text), Timestamp::from_secs(1), String::new())
    }

    #[tokio::test]
    async fn a_token_is_taken_over_once() {
        let grant = Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        };
        let issuer = Some("https://as.example".to_owned());
        let mut oauth = OAuth::new(issuer, Some("c".to_owned()), None, grant);
        oauth.scope = Some("read".parse().expect("a scope"));
        let session = Session::builder(Credential::OAuth(Box::new(oauth)))
            .build()
            .expect("a session");
        session.adopt(token("one"), false).await.expect("taken");
        let status = session.status().await.expect("known");
        assert_eq!(status.state, TokenState::Valid);
        assert_eq!(status.issuer.as_deref(), Some("https://as.example"));
        let error = session.adopt(token("two"), false).await.expect_err("there");
        assert!(error.to_string().contains("has a token already"), "{error}");
        let least = std::time::Duration::ZERO;
        let kept = session.token(least).await.expect("valid");
        assert_eq!(kept.access_token.expose(), "one");
        session.adopt(token("two"), true).await.expect("replaced");
        let kept = session.token(least).await.expect("valid");
        assert_eq!(kept.access_token.expose(), "two");
    }

    #[tokio::test]
    async fn where_nothing_is_kept_nothing_is_taken() {
        let session = Session::builder(Credential::bearer(SecretRef::env("T")))
            .build()
            .expect("a session");
        assert!(session.adopt(token("one"), true).await.is_err());
    }
}
