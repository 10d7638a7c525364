//! The grant of backchannel authentication in poll and ping mode (OpenID Connect CIBA Core 1.0 §10.1).

use serde::{Deserialize, Serialize};

use super::elsewhere::{self, Elsewhere, Login};
use super::{Asked, Grant, GrantParams};
use crate::decide::item::Kept;
use crate::decide::{Facts, Issue, Judged};
use crate::{Cx, OAuthError, Params, Secret, UserId};

pub(crate) const GRANT_TYPE: &str = "urn:openid:params:grant-type:ciba";

/// The parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthReqId {
    /// `auth_req_id`.
    pub auth_req_id: Secret,
}

impl GrantParams for AuthReqId {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push("auth_req_id", self.auth_req_id.expose());
        params
    }
}

impl AuthReqId {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without an id.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let id = params
            .get("auth_req_id")
            .ok_or_else(|| OAuthError::invalid_request("auth_req_id is missing"))?;
        Ok(Self {
            auth_req_id: Secret::new(id),
        })
    }
}

/// What is kept of a login by CIBA, found by the digest of its `auth_req_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CibaLogin {
    /// The login.
    pub login: Login,
    /// Who is asked, and may answer.
    pub user_id: UserId,
    /// `binding_message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_message: Option<String>,
    /// What the client is told by that the person has answered, sealed; `None` in poll mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ping: Option<String>,
}

impl Kept for CibaLogin {
    const SPACE: &'static str = "ciba";
}

impl Elsewhere for CibaLogin {
    const PARAMETER: &'static str = "auth_req_id";

    fn login(&self) -> &Login {
        &self.login
    }

    fn login_mut(&mut self) -> &mut Login {
        &mut self.login
    }
}

/// The grant.
#[derive(Debug)]
pub struct Ciba;

impl Grant for Ciba {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = AuthReqId::parse(asked.params)?;
        elsewhere::poll::<CibaLogin>(asked, request.auth_req_id.digest(), facts, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::AuthReqId;
    use crate::grant::GrantParams as _;
    use crate::{Params, Secret};

    #[test]
    fn what_is_written_reads_back() {
        let grant = AuthReqId {
            auth_req_id: Secret::new("a+b/c=&d"),
        };
        let form = grant.to_params().to_form();
        assert!(form.starts_with("grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&"));
        let params = Params::parse_form(form.as_bytes()).expect("well formed");
        assert_eq!(AuthReqId::parse(&params), Ok(grant));
        assert!(AuthReqId::parse(&Params::new()).is_err());
    }
}
