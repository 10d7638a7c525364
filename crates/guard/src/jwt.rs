use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::jose::access_token::{AccessToken, Expect};

use crate::identity::{Identity, Scheme};
use crate::ports::{Keys, Revocations};
use crate::refusal::Refusal;

/// How access tokens are checked (RFC 9068 §4).
pub struct JwtCheck {
    /// The only `iss` that is believed.
    pub issuer: String,
    /// What must be in `aud`: the name of the service behind the guard.
    pub audience: String,
    /// The issuer's public keys.
    pub keys: Arc<dyn Keys>,
    /// By how much the issuer's clock and ours may differ.
    pub leeway: Duration,
    /// Who knows of tokens withdrawn before their time, if anybody is within reach.
    pub revocations: Option<Arc<dyn Revocations>>,
}

impl JwtCheck {
    /// `jkt` is the key whose proof came along.
    pub(crate) async fn check(
        &self,
        token: &str,
        jkt: Option<&str>,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        let expect = Expect {
            issuer: &self.issuer,
            audience: Some(&self.audience),
            leeway: self.leeway,
        };
        let claims = AccessToken::check(token, &self.keys.current(), &expect, now)
            .map_err(|fault| Refusal::InvalidToken(Cow::Owned(fault.to_string())))?;
        claims
            .check_binding(jkt)
            .map_err(|why| Refusal::InvalidBound(Cow::Borrowed(why)))?;
        if let Some(revocations) = &self.revocations
            && !revocations.is_live(&claims).await?
        {
            let text = "token has been revoked";
            return Err(Refusal::InvalidToken(Cow::Borrowed(text)));
        }
        Ok(Identity {
            subject: claims.sub.clone(),
            client_id: Some(claims.client_id.clone()),
            scope: claims.scope.clone(),
            scheme: Scheme::Bearer {
                claims: Arc::new(claims),
            },
        })
    }
}

impl std::fmt::Debug for JwtCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtCheck")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}
