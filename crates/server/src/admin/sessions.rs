//! Logins in browsers.

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::{Key, Kind, Record, Session};
use gatepass_proto::{Digest, Timestamp};

use super::{Admin, AdminError};

impl Admin {
    /// The logins of a user, at most 1,000.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn sessions(&self, username: &str) -> Result<Vec<Session>, AdminError> {
        let user = self.user(username).await?;
        let all = self.store.list(Kind::SessionsOf(user.user_id)).await?;
        let session = |record| match record {
            Record::Session(session) => Some(session),
            _ => None,
        };
        Ok(all.into_iter().filter_map(session).collect())
    }

    /// Ends one login. It is named by the digest of its cookie, which opens nothing.
    ///
    /// # Errors
    ///
    /// There is no such login.
    pub async fn end_session(&self, digest: Digest) -> Result<(), AdminError> {
        let found = self.store.load(&[Key::Session(digest)]).await?;
        let Some(Record::Session(session)) = found.into_iter().flatten().next() else {
            let name = format!("session {}", digest.to_base64url());
            return Err(AdminError::Missing(name));
        };
        self.end(&[session]).await
    }

    /// Ends every login of a user; says how many there were.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn end_sessions_of(&self, username: &str) -> Result<usize, AdminError> {
        let sessions = self.sessions(username).await?;
        self.end(&sessions).await?;
        Ok(sessions.len())
    }

    async fn end(&self, sessions: &[Session]) -> Result<(), AdminError> {
        let now = SystemClock.now();
        let changes = sessions.iter().flat_map(|session| ending(session, now));
        self.commit(changes.collect(), || "the session".to_owned())
            .await
    }
}

/// Ends a login, and says so in the audit log.
pub(crate) fn ending(session: &Session, now: Timestamp) -> [Change; 2] {
    let audit = AuditEvent::new(now, "session.ended").user(&session.user_id);
    [
        Change::Delete(Key::Session(session.digest)),
        Change::Audit(audit),
    ]
}
