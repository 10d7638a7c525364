//! Who presents these credentials, if they are good.

use std::borrow::Cow;
use std::sync::Arc;

use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::{AccessToken, Held};
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::{Secret, Timestamp};

use crate::bound::{Bound, Dpop};
use crate::guard::Parts;
use crate::identity::{Identity, Scheme};
use crate::peer::{Peer, PeerCertificate};
use crate::ports::ApiKeys;
use crate::presented::Presented;
use crate::refusal::Refusal;

const BAD_KEY: Refusal = Refusal::token("the API key is not good");

impl Parts {
    pub(crate) async fn identify(
        &self,
        presented: Presented,
        peer: &Peer,
    ) -> Result<Identity, Refusal> {
        let held = Held {
            jkt: None,
            x5t_s256: peer.certificate.as_ref().map(PeerCertificate::thumbprint),
        };
        let keys = &*self.api_keys;
        match (presented, &self.basic, &self.dpop) {
            (
                Presented::Authorization(Credentials::Basic { username, password }),
                Some(basic),
                _,
            ) => {
                basic
                    .check(username, &password, peer.from, &*self.clock)
                    .await
            }
            (Presented::ApiKey(key), ..) if !keys.is_empty() => of_api_key(&key, keys).await,
            (Presented::Authorization(Credentials::Bearer(key)), ..)
                if !keys.is_empty()
                    && (key.expose().starts_with(opaque::API_KEY) || self.tokens.is_empty()) =>
            {
                of_api_key(&key, keys).await
            }
            (Presented::Authorization(Credentials::Bearer(token)), ..)
                if !self.tokens.is_empty() =>
            {
                self.of_token(&token, held, self.clock.now()).await
            }
            (Presented::Bound(bound), .., Some(dpop)) if !self.tokens.is_empty() => {
                self.of_bound(&bound, dpop, held).await
            }
            _ => Err(Refusal::NoCredentials),
        }
    }

    async fn of_token(
        &self,
        token: &Secret,
        held: Held<'_>,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        let claims = self.tokens.check(token, now).await?;
        check_binding(&claims, held)?;
        Ok(Identity::of_token(claims))
    }

    /// The proof is admitted last: only who has a good token takes up room among those that were seen.
    async fn of_bound(
        &self,
        bound: &Bound,
        dpop: &Dpop,
        held: Held<'_>,
    ) -> Result<Identity, Refusal> {
        let now = self.clock.now();
        let proof = dpop.check(bound, self.nonces.as_ref(), now)?;
        let held = Held {
            jkt: Some(&proof.jkt),
            ..held
        };
        let identity = self.of_token(&bound.token, held, now).await;
        let identity = identity.map_err(|why| match why {
            Refusal::InvalidToken(text) => Refusal::InvalidBound(text),
            why => why,
        })?;
        dpop.admit(&proof, now)?;
        Ok(identity)
    }
}

/// Whether it is shown by whoever it is bound to.
fn check_binding(claims: &AccessToken, held: Held<'_>) -> Result<(), Refusal> {
    let is_bound = claims.token_type() == "DPoP" || held.jkt.is_some();
    claims.check_binding(held).map_err(|why| match is_bound {
        true => Refusal::InvalidBound(Cow::Borrowed(why)),
        false => Refusal::token(why),
    })
}

/// A typing error reaches no port: the key has a checksum.
async fn of_api_key(key: &Secret, keys: &[Arc<dyn ApiKeys>]) -> Result<Identity, Refusal> {
    opaque::decode(opaque::API_KEY, key.expose()).ok_or(BAD_KEY)?;
    let digest = key.digest();
    for port in keys {
        if let Some(holder) = port.find(&digest).await? {
            let scheme = Scheme::ApiKey { name: holder.name };
            let subject = holder.subject.to_string();
            return Ok(Identity::new(subject, holder.scope, scheme));
        }
    }
    Err(BAD_KEY)
}
