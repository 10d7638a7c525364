use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::{AccessToken, Expect, Held};
use gatepass_proto::{Secret, Timestamp};

use crate::identity::{Identity, Scheme};
use crate::ports::{Keys, OpaqueTokens, Revocations};
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
    /// `held` is what the client has proven to have.
    pub(crate) async fn check(
        &self,
        token: &str,
        held: Held<'_>,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        let expect = Expect {
            issuer: &self.issuer,
            audience: Some(&self.audience),
            leeway: self.leeway,
        };
        let claims = AccessToken::check(token, &self.keys.current(), &expect, now)
            .map_err(|fault| Refusal::InvalidToken(Cow::Owned(fault.to_string())))?;
        bound(&claims, held)?;
        if let Some(revocations) = &self.revocations
            && !revocations.is_live(&claims).await?
        {
            let text = "token has been revoked";
            return Err(Refusal::InvalidToken(Cow::Borrowed(text)));
        }
        Ok(admitted(claims))
    }

    /// The same of an opaque token. A typing error does not reach the port, for the token has a checksum.
    pub(crate) async fn check_opaque(
        &self,
        token: &Secret,
        tokens: &dyn OpaqueTokens,
        held: Held<'_>,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        let refused = |text| Refusal::InvalidToken(Cow::Borrowed(text));
        let unknown = || refused("token is not known, has expired or was withdrawn");
        opaque::decode(opaque::ACCESS_TOKEN, token.expose()).ok_or_else(unknown)?;
        let claims = tokens.find(&token.digest()).await?.ok_or_else(unknown)?;
        if claims.iss != self.issuer || Timestamp::from_secs(claims.exp) <= now - self.leeway {
            return Err(unknown());
        }
        if !claims.aud.has(&self.audience) {
            return Err(refused("token is for another audience"));
        }
        bound(&claims, held)?;
        Ok(admitted(claims))
    }
}

/// Whether it is shown by whoever it is bound to.
fn bound(claims: &AccessToken, held: Held<'_>) -> Result<(), Refusal> {
    let is_bound = claims.token_type() == "DPoP" || held.jkt.is_some();
    claims.check_binding(held).map_err(|why| match is_bound {
        true => Refusal::InvalidBound(Cow::Borrowed(why)),
        false => Refusal::InvalidToken(Cow::Borrowed(why)),
    })
}

fn admitted(claims: AccessToken) -> Identity {
    Identity {
        subject: claims.sub.clone(),
        client_id: Some(claims.client_id.clone()),
        scope: claims.scope.clone(),
        scheme: Scheme::Bearer {
            claims: Arc::new(claims),
        },
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
