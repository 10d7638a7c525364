//! The device authorization grant (RFC 8628 §3.4).

use serde::{Deserialize, Serialize};

use super::elsewhere::{self, Elsewhere, Login};
use super::{Asked, Grant, GrantParams};
use crate::decide::item::Kept;
use crate::decide::{Facts, Issue, Judged};
use crate::{Cx, OAuthError, Params, Secret};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// `device_code`.
    pub device_code: Secret,
}

impl GrantParams for DeviceCode {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push("device_code", self.device_code.expose());
        params
    }
}

impl DeviceCode {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without a code.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let code = params
            .get("device_code")
            .ok_or_else(|| OAuthError::invalid_request("device_code is missing"))?;
        Ok(Self {
            device_code: Secret::new(code),
        })
    }
}

/// What is kept of a device's login, found by the digest of its `device_code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLogin {
    /// The login.
    pub login: Login,
}

impl Kept for DeviceLogin {
    const SPACE: &'static str = "device";
}

impl Elsewhere for DeviceLogin {
    const PARAMETER: &'static str = "device_code";

    fn login(&self) -> &Login {
        &self.login
    }

    fn login_mut(&mut self) -> &mut Login {
        &mut self.login
    }
}

/// The grant.
#[derive(Debug)]
pub struct Device;

impl Grant for Device {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, facts: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        let request = DeviceCode::parse(asked.params)?;
        elsewhere::poll::<DeviceLogin>(asked, request.device_code.digest(), facts, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::DeviceCode;
    use crate::grant::GrantParams as _;
    use crate::{Params, Secret};

    #[test]
    fn what_is_written_reads_back() {
        let grant = DeviceCode {
            device_code: Secret::new("a+b/c=&d"),
        };
        let form = grant.to_params().to_form();
        assert!(
            form.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&")
        );
        let params = Params::parse_form(form.as_bytes()).expect("well formed");
        assert_eq!(DeviceCode::parse(&params), Ok(grant));
        assert!(DeviceCode::parse(&Params::new()).is_err());
    }
}
