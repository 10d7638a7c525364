//! The password grant (RFC 6749 §4.3), an older habit that RFC 9700 §2.4 forbids: only for clients that were
//! registered for it by name. The login endpoints of the same age are judged here too.

use super::{Asked, Grant, GrantParams};
use crate::decide::change::Change;
use crate::decide::details::GrantDetails;
use crate::decide::record::Record;
use crate::decide::{Done, Facts, Halt, Issue, Judged, PasswordFact, issue, policy};
use crate::{Cx, GrantId, OAuthError, Params, Scope, Secret, UserId};

const GRANT_TYPE: &str = "password";

/// The parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `username`.
    pub username: String,
    /// `password`.
    pub password: Secret,
    /// `scope`.
    pub scope: Option<Scope>,
}

impl GrantParams for Login {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push("username", self.username.as_str());
        params.push("password", self.password.expose());
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        params
    }
}

impl Login {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without a name or a password; `invalid_scope` for a malformed scope.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let username = params
            .get("username")
            .ok_or_else(|| OAuthError::invalid_request("username is missing"))?;
        let password = params
            .get("password")
            .ok_or_else(|| OAuthError::invalid_request("password is missing"))?;
        Ok(Self {
            username: username.to_owned(),
            password: Secret::new(password),
            scope: policy::asked_scope(params)?,
        })
    }
}

/// The grant.
#[derive(Debug)]
pub struct Password;

impl Grant for Password {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = Login::parse(asked.params)?;
        let scope = policy::scope(asked.client, request.scope.as_ref())?;
        let audience = policy::audience(asked.client, asked.rules, asked.params.all("resource"))?;
        let user_id = check_password(&request.username, &request.password, facts)?;
        let consent = issue::Consent {
            grant_id: GrantId::generate(cx),
            user_id: &user_id,
            scope: &scope,
            audience: &audience,
            details: &GrantDetails {
                auth_time: Some(cx.now),
                ..GrantDetails::default()
            },
        };
        let (grant, issue) = issue::grant(asked.rules, asked.client, &consent, cx);
        Ok(Done {
            changes: vec![Change::Insert(Record::Grant(grant))],
            value: issue,
        })
    }
}

/// Whose name and password these are.
///
/// # Errors
///
/// [`Halt::Need`] while it is not known; `invalid_grant`, whether the name or the password is wrong; 429 after too
/// many wrong guesses; 503 when too many passwords are being checked.
pub fn check_password(username: &str, password: &Secret, facts: &Facts) -> Result<UserId, Halt> {
    match facts.password(username, password)? {
        PasswordFact::Right(user_id) => Ok(user_id.clone()),
        PasswordFact::Wrong => {
            Err(OAuthError::invalid_grant("username or password is wrong").into())
        }
        PasswordFact::Throttled(retry_after) => Err(OAuthError::throttled(*retry_after).into()),
        PasswordFact::Busy => Err(OAuthError::unavailable().into()),
    }
}
