//! The device authorization grant (RFC 8628 §3.4).

use super::GrantParams;
use crate::{OAuthError, Params, Secret};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

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
