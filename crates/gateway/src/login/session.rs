//! What a session's cookie says.

use std::sync::Arc;
use std::time::Duration;

use gatepass_guard::{Identity, Scheme};
use gatepass_proto::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LoginSettings;

/// A person who has logged in, and when. It holds no token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Which session this is.
    pub(super) id: String,
    /// The person, as the provider calls them.
    pub(super) sub: String,
    /// The session at the provider, if it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<String>,
    /// When it began.
    pub(super) began: Timestamp,
    /// When it ends, whatever happens.
    pub(super) until: Timestamp,
    /// When the provider last said that the person is logged in.
    pub(super) checked: Timestamp,
    /// `auth_time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) auth_time: Option<u64>,
    /// `acr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) acr: Option<String>,
    /// What is kept of the provider's claims.
    pub(super) claims: Map<String, Value>,
}

/// How well known a session still is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The provider was asked a short while ago.
    Fresh,
    /// It should be asked when that disturbs nobody.
    Due,
    /// It must be asked before the session counts again.
    Stale,
    /// It counts no more.
    Over,
}

impl Session {
    /// How well known it is, by time alone.
    pub(super) fn standing(&self, settings: &LoginSettings, now: Timestamp) -> Standing {
        // The settings may have become stricter since.
        let until = self.until.min(self.began + settings.session_lifetime);
        let (since, limit) = (now.since(self.checked), settings.recheck_after);
        if now >= until {
            Standing::Over
        } else if limit == Duration::ZERO || since < limit / 2 {
            Standing::Fresh
        } else if since < limit {
            Standing::Due
        } else {
            Standing::Stale
        }
    }

    /// Whom the service and its rules see.
    pub(super) fn identity(&self, settings: &LoginSettings) -> Identity {
        Identity {
            subject: self.sub.clone(),
            client_id: None,
            scope: settings.opens.clone(),
            issuer: Some(settings.issuer.clone()),
            auth_time: self.auth_time,
            acr: self.acr.clone(),
            act: None,
            scheme: Scheme::Login {
                claims: Arc::new(self.claims.clone()),
            },
        }
    }

    /// What people call themselves.
    pub(super) fn name(&self) -> &str {
        let claims = ["preferred_username", "email", "name"];
        let mut known = claims
            .iter()
            .filter_map(|name| self.claims.get(*name)?.as_str());
        known.next().unwrap_or(&self.sub)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("began", &self.began)
            .field("checked", &self.checked)
            .finish_non_exhaustive()
    }
}
