//! The audit log.

use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::{ClientId, Timestamp, UserId};

use super::{Admin, AdminError};

/// How many lines are read at a time.
const PAGE: u32 = 1000;

/// Which lines of the audit log are wanted; all that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// About this user, by name.
    pub username: Option<String>,
    /// About this client.
    pub client_id: Option<ClientId>,
    /// What happened: the whole word, or what stands before its full stop (`user` for `user.locked`).
    pub event: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
}

impl Admin {
    /// The newest lines of the audit log that `filter` lets through, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// There is no such user; or the database's.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        limit: usize,
    ) -> Result<Vec<AuditLine>, AdminError> {
        let user_id = match &filter.username {
            Some(name) => Some(self.user(name).await?.user_id),
            None => None,
        };
        let mut wanted = Vec::new();
        let mut before = None;
        while wanted.len() < limit {
            let page = self.store.audit_log(before, PAGE).await?;
            before = page.last().map(|line| line.line);
            let over = page
                .last()
                .is_none_or(|line| filter.since.is_some_and(|since| line.at < since));
            let fitting = page
                .into_iter()
                .filter(|line| filter.admits(line, user_id.as_ref()));
            wanted.extend(fitting.take(limit - wanted.len()));
            if over {
                break;
            }
        }
        Ok(wanted)
    }
}

impl AuditFilter {
    fn admits(&self, line: &AuditLine, user_id: Option<&UserId>) -> bool {
        let is_event = |event: &String| {
            let rest = line.event.strip_prefix(event.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_client = |id| line.client_id.as_ref() == Some(id);
        user_id.is_none_or(|id| line.user_id.as_ref() == Some(id))
            && self.client_id.as_ref().is_none_or(is_client)
            && self.event.as_ref().is_none_or(is_event)
            && self.since.is_none_or(|since| line.at >= since)
    }
}
