use crate::{OAuthError, Params, Secret};

/// A request about one token: what introspection (RFC 7662 §2.1) and revocation (RFC 7009 §2.1) both send. The
/// `token_type_hint` only saves work and is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneToken {
    /// `token`.
    pub token: Secret,
}

impl OneToken {
    /// Writes the body.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("token", self.token.expose());
        params
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// `invalid_request` when there is no token.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let token = params
            .get("token")
            .ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
        Ok(Self {
            token: Secret::new(token),
        })
    }
}
