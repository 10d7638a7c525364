//! What users allowed.

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::{Grant, Key, Kind, Record};
use gatepass_proto::endpoint::authorize::forget;
use gatepass_proto::{ClientId, GrantId, Timestamp};

use super::{Admin, AdminError};

impl Admin {
    /// The grants of a user, those that are over included, at most 1,000.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn grants(&self, username: &str) -> Result<Vec<Grant>, AdminError> {
        let user = self.user(username).await?;
        let all = self.store.list(Kind::GrantsOf(user.user_id)).await?;
        let grant = |record| match record {
            Record::Grant(grant) => Some(grant),
            _ => None,
        };
        Ok(all.into_iter().filter_map(grant).collect())
    }

    /// Withdraws one grant, and with it every token that came from it.
    ///
    /// # Errors
    ///
    /// There is no such grant.
    pub async fn revoke_grant(&self, grant_id: GrantId) -> Result<(), AdminError> {
        let found = self.store.load(&[Key::Grant(grant_id)]).await?;
        let Some(Record::Grant(grant)) = found.into_iter().flatten().next() else {
            return Err(AdminError::Missing(format!("grant {grant_id}")));
        };
        self.revoke(&[grant]).await.map(drop)
    }

    /// Withdraws what a user allowed, to one client or to all; says how many grants were in force.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn revoke_grants_of(
        &self,
        username: &str,
        client_id: Option<&ClientId>,
    ) -> Result<usize, AdminError> {
        let mut grants = self.grants(username).await?;
        grants.retain(|grant| client_id.is_none_or(|id| grant.client_id == *id));
        self.revoke(&grants).await
    }

    async fn revoke(&self, grants: &[Grant]) -> Result<usize, AdminError> {
        let now = SystemClock.now();
        let in_force: Vec<_> = grants
            .iter()
            .filter(|grant| grant.revoked_at.is_none())
            .collect();
        let changes = in_force.iter().flat_map(|grant| revocation(grant, now));
        self.commit(changes.collect(), || "the grant".to_owned())
            .await?;
        Ok(in_force.len())
    }
}

/// Withdraws a grant, with the consent that is remembered of it, and says so in the audit log.
pub(crate) fn revocation(grant: &Grant, now: Timestamp) -> [Change; 3] {
    let audit = AuditEvent::new(now, "grant.revoked")
        .client(&grant.client_id)
        .user(&grant.user_id)
        .grant(grant.grant_id);
    let revoke = Change::Revoke {
        grant_id: grant.grant_id,
        at: now,
    };
    let consent = forget(&grant.client_id, &grant.user_id);
    [revoke, consent, Change::Audit(audit)]
}
