//! What the guard asks of this server: its users, its API keys, and which tokens were withdrawn.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_guard::{
    ApiKeys, Issuer, KeyHolder, Keys, OpaqueTokens, Revocations, Unavailable, UserCheck, Users,
};
use gatepass_proto::decide::{Done, Facts, Judged, PasswordFact};
use gatepass_proto::endpoint::introspect::{is_live, live_opaque_token};
use gatepass_proto::jose::KeySet;
use gatepass_proto::jose::access_token::AccessToken;
use gatepass_proto::{Digest, Scope, Secret, Timestamp};

use crate::app::App;

/// The guard's ports, backed by the server's store.
#[derive(Clone)]
pub struct Ports {
    pub(crate) app: App,
    /// What a password opens.
    pub(crate) password_scope: Scope,
}

impl Ports {
    /// This server as the issuer of access tokens for `audience`, for a guard in the same process: it sees new keys and
    /// withdrawn tokens at once.
    pub fn issuer(self: &Arc<Self>, audience: impl Into<String>) -> Issuer {
        Issuer::new(self.app.issuer(), audience)
            .keys(Arc::clone(self) as _)
            .opaque_tokens(Arc::clone(self) as _)
            .revocations(Arc::clone(self) as _)
            // The clock that signed is the clock that checks.
            .leeway(Duration::ZERO)
    }
}

#[async_trait]
impl Users for Ports {
    async fn check(
        &self,
        username: &str,
        password: &Secret,
        from: Option<IpAddr>,
    ) -> Result<UserCheck, Unavailable> {
        let fact = self
            .app
            .check_password(from, username, password)
            .await
            .map_err(Unavailable::new)?;
        Ok(match fact {
            PasswordFact::Right(subject) => UserCheck::Right {
                subject,
                scope: self.password_scope.clone(),
            },
            PasswordFact::Wrong => UserCheck::Wrong,
            PasswordFact::Throttled(wait) => UserCheck::Throttled(wait),
            PasswordFact::Busy => UserCheck::Busy,
        })
    }
}

#[async_trait]
impl Keys for Ports {
    async fn current(&self, _: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        Ok(Arc::clone(&self.app.live().public))
    }
}

#[async_trait]
impl ApiKeys for Ports {
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable> {
        let found = self
            .app
            .judge_alone(|facts, cx| holder(digest, facts, cx.now))
            .await;
        found.map_err(Unavailable::new)
    }
}

#[async_trait]
impl Revocations for Ports {
    async fn is_live(&self, claims: &AccessToken) -> Result<bool, Unavailable> {
        let live = self
            .app
            .judge_alone(|facts, _| Ok(Done::unchanged(is_live(claims, facts)?)))
            .await;
        live.map_err(Unavailable::new)
    }
}

#[async_trait]
impl OpaqueTokens for Ports {
    async fn find(&self, digest: &Digest) -> Result<Option<AccessToken>, Unavailable> {
        let found = self
            .app
            .judge_alone(|facts, cx| {
                let found = live_opaque_token(*digest, None, facts, cx.now)?;
                Ok(Done::unchanged(found))
            })
            .await;
        found.map_err(Unavailable::new)
    }
}

/// Whose key this is, while it and its user are good.
fn holder(digest: &Digest, facts: &Facts, now: Timestamp) -> Judged<Option<KeyHolder>> {
    let good = |key: &&gatepass_proto::decide::record::ApiKey| {
        key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end)
    };
    let Some(key) = facts.api_key(digest)?.filter(good) else {
        return Ok(Done::unchanged(None));
    };
    let user = facts
        .user(&key.user_id)?
        .filter(|user| user.locked_at.is_none());
    Ok(Done::unchanged(user.map(|user| KeyHolder {
        subject: user.user_id.clone(),
        scope: key.scope.clone(),
        name: key.name.clone(),
    })))
}
