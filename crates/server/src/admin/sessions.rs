//! Logins in browsers.

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::record::{Key, Kind, Record, Session};
use gatepass_proto::decide::rules::EndGrants;
use gatepass_proto::{Cx, Digest};
use gatepass_store::CommitError;

use super::{Admin, AdminError};
use crate::notices;

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
        self.end_all(&[session]).await
    }

    /// Ends every login of a user; says how many there were.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub async fn end_sessions_of(&self, username: &str) -> Result<usize, AdminError> {
        let sessions = self.sessions(username).await?;
        self.end_all(&sessions).await?;
        Ok(sessions.len())
    }

    /// Says which grants end with a login, where that is not the usual.
    #[must_use]
    pub fn end_grants_at_logout(mut self, end: EndGrants) -> Self {
        self.end_grants = end;
        self
    }

    /// One that has ended meanwhile has ended.
    async fn end_all(&self, sessions: &[Session]) -> Result<(), AdminError> {
        for session in sessions {
            let led = notices::led(&*self.store, session.clone()).await?;
            let mut entropy = OsEntropy;
            let mut cx = Cx::new(SystemClock.now(), &mut entropy);
            let changes = led.end(self.end_grants, &mut cx);
            match self.store.commit(changes).await {
                Ok(()) | Err(CommitError::Conflict | CommitError::Spent) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
