//! Profiles: credentials by name, and how they stand in `config.toml`.

mod entry;
mod grant;
mod members;
mod oauth;

use std::path::PathBuf;
use std::str::FromStr;

use gatepass_http::Origin;
use gatepass_proto::Secret;
use gatepass_proto::message::protected_resource::closeness;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::Credential;
use crate::discover::bounds;
use crate::tokens::{Place, TokenKey};

pub(crate) use entry::{Entry, usable};

/// A credential by name, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The origins that the credential goes to. That of the login or issuer is not implied.
    pub api: Vec<Origin>,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// The certificate that this client shows to servers (RFC 8705), where it has one.
    pub certificate: Option<Certificate>,
    /// Where its tokens are kept.
    pub tokens: Place,
    /// The credential.
    pub credential: Credential,
}

/// A client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The PEM file of the certificate and those above it.
    pub chain: PathBuf,
    /// The PEM file of its private key.
    pub key: PathBuf,
}

/// The name of a profile, which is also that of its token file: 1 to 64 of `a`–`z`, `A`–`Z`, `0`–`9`, `.`, `_`,
/// `-`, not beginning with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(TokenKey);

impl Profile {
    /// How close what the credential is for is to this URL; `None`, where it is not for it.
    pub(crate) fn closeness(&self, url: &Url) -> Option<usize> {
        if !self.api.iter().any(|origin| origin.covers(url)) {
            return None;
        }
        let bounds = match &self.credential {
            Credential::OAuth(oauth) => bounds(oauth),
            _ => Vec::new(),
        };
        match bounds.is_empty() {
            true => Some(0),
            false => bounds.iter().filter_map(|own| closeness(own, url)).max(),
        }
    }

    /// The methods whose profiles may have this member of `config.toml`; none, where every profile may have it or the
    /// member is not known.
    ///
    /// ```
    /// use gatepass_client::Profile;
    ///
    /// assert_eq!(Profile::methods_with("client_id"), ["oauth"]);
    /// assert_eq!(Profile::methods_with("username"), ["basic", "digest", "login", "oauth"]);
    /// assert!(Profile::methods_with("api").is_empty());
    /// ```
    pub fn methods_with(member: &str) -> Vec<&'static str> {
        members::methods_with(member)
    }
}

impl ProfileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The key of its token.
    pub fn key(&self) -> &TokenKey {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "{text:?} is not a profile name; use up to 64 letters, digits, '.', '_' and '-'"
            )
        };
        TokenKey::new(text).map(Self).ok_or_else(fault)
    }
}

impl TryFrom<String> for ProfileName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.as_str().to_owned()
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Certificate {
    /// The certificate and its key, as one PEM text.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub(crate) fn read(&self) -> Result<Secret, crate::Error> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .map(zeroize::Zeroizing::new)
                .map_err(|error| crate::Error::Setup(format!("{}: {error}", path.display())))
        };
        let (chain, key) = (read(&self.chain)?, read(&self.key)?);
        Ok(Secret::new(format!("{}\n{}", *chain, *key)))
    }
}
