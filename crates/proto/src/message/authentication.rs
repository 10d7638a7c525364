//! What OpenID Connect adds to the authorization request (Core 1.0 §3.1.2.1).

use super::claims::ClaimsRequest;
use crate::{ErrorCode, OAuthError, Params, Secret};

/// The longest `nonce`, in bytes; it is stored, and comes back in the ID token.
const MAX_NONCE: usize = 2048;
/// The longest `login_hint`, in bytes.
const MAX_LOGIN_HINT: usize = 256;
/// The most `acr_values`.
const MAX_ACR_VALUES: usize = 32;

/// The members of the request that are about the person's login. What only touches the looks (`display`, `ui_locales`,
/// `claims_locales`) is admitted and not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationRequest {
    /// `nonce`.
    pub nonce: Option<String>,
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age`: how long ago the login may be, in seconds.
    pub max_age: Option<u64>,
    /// `login_hint`: what the person may type as their name.
    pub login_hint: Option<String>,
    /// `id_token_hint`: whom the client believes to know.
    pub id_token_hint: Option<Secret>,
    /// `acr_values`, the dearest first.
    pub acr_values: Vec<String>,
    /// `claims`.
    pub claims: ClaimsRequest,
}

/// `prompt`: what the person is to be asked, whatever is known already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// `none`: nothing at all; what cannot be had so is an error.
    pub none: bool,
    /// `login`: the password.
    pub login: bool,
    /// `consent`: whether they agree.
    pub consent: bool,
    /// `select_account`: as whom.
    pub select_account: bool,
}

impl Prompt {
    /// Every value that is spoken here.
    pub const VALUES: [&str; 4] = ["none", "login", "consent", "select_account"];

    fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut prompt = Self::default();
        for word in words(text) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => {
                    return Err(OAuthError::invalid_request(
                        "prompt has a value that is not supported",
                    ));
                }
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(OAuthError::invalid_request(
                "prompt has none and others beside it",
            ));
        }
        Ok(prompt)
    }

    fn to_text(self) -> Option<String> {
        let set = [self.none, self.login, self.consent, self.select_account];
        let named = Self::VALUES.into_iter().zip(set);
        let words: Vec<&str> = named
            .filter_map(|(name, set)| set.then_some(name))
            .collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

impl AuthenticationRequest {
    /// Adds the members to a request.
    pub fn write_to(&self, params: &mut Params) {
        params.push_some("nonce", self.nonce.as_deref());
        params.push_some("prompt", self.prompt.to_text());
        params.push_some("max_age", self.max_age.map(|seconds| seconds.to_string()));
        params.push_some("login_hint", self.login_hint.as_deref());
        params.push_some(
            "id_token_hint",
            self.id_token_hint.as_ref().map(Secret::expose),
        );
        if !self.acr_values.is_empty() {
            params.push("acr_values", self.acr_values.join(" "));
        }
        if !self.claims.is_empty() {
            params.push("claims", self.claims.to_value().to_string());
        }
    }

    /// Reads them.
    ///
    /// # Errors
    ///
    /// `invalid_request` for what is malformed or beyond all measure.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        if params.get("registration").is_some() {
            let text = "registration is not supported; register the client beforehand";
            return Err(OAuthError::new(ErrorCode::RegistrationNotSupported, text));
        }
        let nonce = params.get("nonce");
        if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
            return Err(OAuthError::invalid_request("nonce is too long"));
        }
        let max_age = params.get("max_age").map(str::parse).transpose();
        let acr_values: Vec<String> = words(params.get("acr_values").unwrap_or_default())
            .map(str::to_owned)
            .collect();
        if acr_values.len() > MAX_ACR_VALUES {
            return Err(OAuthError::invalid_request(
                "acr_values has too many values",
            ));
        }
        let claims = params.get("claims").map(ClaimsRequest::parse).transpose();
        let hint = params
            .get("login_hint")
            .filter(|hint| hint.len() <= MAX_LOGIN_HINT);
        Ok(Self {
            nonce: nonce.map(str::to_owned),
            prompt: Prompt::parse(params.get("prompt").unwrap_or_default())?,
            max_age: max_age
                .map_err(|_| OAuthError::invalid_request("max_age is not a number of seconds"))?,
            // It is a hint: one that cannot be anybody's name is none.
            login_hint: hint.map(str::to_owned),
            id_token_hint: params.get("id_token_hint").map(Secret::new),
            acr_values,
            claims: claims
                .map_err(OAuthError::invalid_request)?
                .unwrap_or_default(),
        })
    }

    /// The only `sub` that the `claims` parameter lets the login be of (§5.5.1).
    pub fn subject(&self) -> Option<&str> {
        let wanted = self.claims.id_token.get("sub")?;
        wanted.value.as_ref()?.as_str()
    }

    /// Whether the login must be of one of the `acr` that are asked for as essential (§5.5.1.1), and is not.
    pub fn lacks_acr(&self, acr: Option<&str>) -> bool {
        let wanted = self.claims.id_token.get("acr");
        wanted.is_some_and(|wanted| {
            let has = acr.is_some_and(|acr| wanted.admits(&acr.into()));
            wanted.essential && !has
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

#[cfg(test)]
#[path = "authentication_tests.rs"]
mod tests;
