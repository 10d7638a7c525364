use gatepass_proto::{Scope, Timestamp};

use crate::identity::Identity;

/// What a request must show besides good credentials. Nothing, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// All of this must be open to it.
    pub scope: Scope,
    /// The user's login must be of one of these kinds (`acr`, RFC 9470 §4); of any kind where there are none.
    pub acr_values: Vec<String>,
    /// The user's login must be no older than so many seconds (`max_age`, RFC 9470 §4). Credentials that do not say when
    /// that was are too old.
    pub max_age: Option<u64>,
}

impl From<Scope> for Requirement {
    fn from(scope: Scope) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }
}

impl Requirement {
    /// Whether the user's login is good enough. Only access tokens tell of one.
    pub(crate) fn is_met_by_login(&self, identity: &Identity, now: Timestamp) -> bool {
        let kind = self.acr_values.is_empty()
            || identity
                .acr
                .as_ref()
                .is_some_and(|acr| self.acr_values.contains(acr));
        let age = self.max_age.is_none_or(|max_age| {
            let login = identity.auth_time.map(Timestamp::from_secs);
            login.is_some_and(|login| now.since(login).as_secs() <= max_age)
        });
        kind && age
    }
}
