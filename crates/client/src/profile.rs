use std::path::PathBuf;
use std::str::FromStr;

use gatepass_http::{Origin, check_url};
use http::HeaderName;
use serde::{Deserialize, Serialize};

use crate::tokens::TokenKey;
use crate::{
    ApiKey, Credential, Endpoints, Grant, KeyPlace, LoginEndpoint, LoginStyle, OAuth, SecretRef,
};

/// A credential by name, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The origins that the credential goes to. That of the login or issuer is not implied.
    pub api: Vec<Origin>,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// The credential.
    pub credential: Credential,
}

/// The name of a profile, which is also that of its token file: 1 to 64 of `a`–`z`, `A`–`Z`, `0`–`9`, `.`, `_`,
/// `-`, not beginning with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(TokenKey);

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

macro_rules! entry {
    ($($field:ident: $kind:ty,)*) => {
        /// A profile as it stands in `config.toml`: which members belong together, `read` decides.
        #[derive(Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Entry {
            method: String,
            #[serde(default)]
            api: Vec<Origin>,
            #[serde(skip_serializing_if = "Option::is_none")]
            ca: Option<PathBuf>,
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$kind>,)*
        }

        impl Entry {
            fn present(&self) -> Vec<&'static str> {
                [$((stringify!($field), self.$field.is_some()),)*]
                    .into_iter()
                    .filter_map(|(name, present)| present.then_some(name))
                    .collect()
            }
        }
    };
}

entry! {
    username: String,
    password: SecretRef,
    token: SecretRef,
    key: SecretRef,
    header: String,
    url: String,
    style: LoginStyle,
    token_pointer: String,
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    client_id: String,
    client_secret: SecretRef,
    client_auth: String,
    scope: gatepass_proto::Scope,
    resource: Vec<String>,
    grant: String,
    redirect_uri: String,
}

/// The members that each method understands.
const MEMBERS: &[(&str, &[&str])] = &[
    ("basic", &["username", "password"]),
    ("bearer", &["token"]),
    ("api_key", &["key", "header"]),
    (
        "login",
        &["url", "style", "username", "password", "token_pointer"],
    ),
    (
        "oauth",
        &[
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "revocation_endpoint",
            "client_id",
            "client_secret",
            "client_auth",
            "scope",
            "resource",
            "grant",
            "redirect_uri",
            "username",
            "password",
        ],
    ),
];

impl Entry {
    /// Reads the profile, or says what is wrong with it.
    pub(crate) fn read(self, name: ProfileName) -> Result<Profile, String> {
        let Some((_, members)) = MEMBERS.iter().find(|(method, _)| *method == self.method) else {
            let known: Vec<&str> = MEMBERS.iter().map(|(method, _)| *method).collect();
            return Err(format!(
                "method {:?} is not known; expected one of {}",
                self.method,
                known.join(", ")
            ));
        };
        if let Some(stray) = self
            .present()
            .into_iter()
            .find(|member| !members.contains(member))
        {
            return Err(format!("{stray} does not belong to method {}", self.method));
        }
        let api = self.api.clone();
        let ca = self.ca.clone();
        Ok(Profile {
            name,
            api,
            ca,
            credential: self.credential()?,
        })
    }

    fn credential(self) -> Result<Credential, String> {
        match self.method.as_str() {
            "basic" => Ok(Credential::Basic {
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
            }),
            "bearer" => Ok(Credential::Bearer {
                token: need(self.token, "token")?,
            }),
            "api_key" => Ok(Credential::ApiKey(ApiKey {
                key: need(self.key, "key")?,
                place: self
                    .header
                    .as_deref()
                    .map(place)
                    .transpose()?
                    .unwrap_or_default(),
            })),
            "login" => Ok(Credential::Login(LoginEndpoint {
                url: usable(need(self.url, "url")?, "url")?,
                style: self.style.unwrap_or_default(),
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
                token_pointer: self.token_pointer.map(pointer).transpose()?,
            })),
            _ => self.oauth().map(Credential::OAuth),
        }
    }

    fn oauth(self) -> Result<OAuth, String> {
        let optional = |url: Option<String>, name| url.map(|url| usable(url, name)).transpose();
        let grant = match self.grant.as_deref().unwrap_or("authorization_code") {
            "authorization_code" => Grant::AuthorizationCode {
                redirect_uri: self.redirect_uri.unwrap_or_else(|| Grant::LOOPBACK.into()),
            },
            "client_credentials" => Grant::ClientCredentials,
            "password" => Grant::Password {
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
            },
            other => {
                return Err(format!(
                    "grant {other:?} is not known; expected authorization_code, client_credentials or password"
                ));
            }
        };
        if self.issuer.is_none() && self.token_endpoint.is_none() {
            return Err(
                "issuer is missing (or token_endpoint, for a server that publishes no metadata)"
                    .into(),
            );
        }
        Ok(OAuth {
            issuer: optional(self.issuer, "issuer")?,
            endpoints: Endpoints {
                authorization: optional(self.authorization_endpoint, "authorization_endpoint")?,
                token: optional(self.token_endpoint, "token_endpoint")?,
                revocation: optional(self.revocation_endpoint, "revocation_endpoint")?,
            },
            client_id: need(self.client_id, "client_id")?,
            client_secret: self.client_secret,
            client_auth: self.client_auth.map(client_auth).transpose()?,
            scope: self.scope,
            resource: self.resource.unwrap_or_default(),
            grant,
        })
    }
}

impl From<&Profile> for Entry {
    fn from(profile: &Profile) -> Self {
        let own = profile.credential.clone();
        let mut entry = Self {
            method: own.method().to_owned(),
            api: profile.api.clone(),
            ca: profile.ca.clone(),
            ..Self::default()
        };
        match own {
            Credential::Basic { username, password } => {
                (entry.username, entry.password) = (Some(username), Some(password));
            }
            Credential::Bearer { token } => entry.token = Some(token),
            Credential::ApiKey(ApiKey { key, place }) => {
                entry.key = Some(key);
                entry.header = Some(match place {
                    KeyPlace::Header(name) => name.to_string(),
                    KeyPlace::Bearer => BEARER.to_owned(),
                });
            }
            Credential::Login(login) => {
                entry.url = Some(login.url);
                entry.style = Some(login.style);
                (entry.username, entry.password) = (Some(login.username), Some(login.password));
                entry.token_pointer = login.token_pointer;
            }
            Credential::OAuth(oauth) => entry.fill(oauth),
        }
        entry
    }
}

impl Entry {
    fn fill(&mut self, oauth: OAuth) {
        self.issuer = oauth.issuer;
        self.authorization_endpoint = oauth.endpoints.authorization;
        self.token_endpoint = oauth.endpoints.token;
        self.revocation_endpoint = oauth.endpoints.revocation;
        self.client_id = Some(oauth.client_id);
        self.client_secret = oauth.client_secret;
        self.client_auth = oauth.client_auth;
        self.scope = oauth.scope;
        self.resource = Some(oauth.resource).filter(|resource| !resource.is_empty());
        let (grant, redirect_uri) = match oauth.grant {
            Grant::AuthorizationCode { redirect_uri } => ("authorization_code", Some(redirect_uri)),
            Grant::ClientCredentials => ("client_credentials", None),
            Grant::Password { username, password } => {
                (self.username, self.password) = (Some(username), Some(password));
                ("password", None)
            }
        };
        self.grant = Some(grant.to_owned());
        self.redirect_uri = redirect_uri;
    }
}

/// What `header` says to send an API key as `Authorization: Bearer`.
const BEARER: &str = "bearer";

fn need<T>(member: Option<T>, name: &str) -> Result<T, String> {
    member.ok_or_else(|| format!("{name} is missing"))
}

fn usable(url: String, name: &str) -> Result<String, String> {
    let parsed: url::Url = url.parse().map_err(|_| format!("{name} is not a URL"))?;
    check_url(&parsed).map_err(|error| format!("{name}: {error}"))?;
    Ok(url)
}

fn place(header: &str) -> Result<KeyPlace, String> {
    if header.eq_ignore_ascii_case(BEARER) {
        return Ok(KeyPlace::Bearer);
    }
    let name = header
        .parse::<HeaderName>()
        .map_err(|_| format!("header {header:?} is not a header name"))?;
    Ok(KeyPlace::Header(name))
}

fn pointer(text: String) -> Result<String, String> {
    if text.starts_with('/') {
        return Ok(text);
    }
    Err(format!(
        "token_pointer {text:?} is not a JSON pointer; it begins with '/', like \"/data/token\""
    ))
}

fn client_auth(name: String) -> Result<String, String> {
    let names = gatepass_proto::client_auth::names();
    if names.contains(&name) {
        return Ok(name);
    }
    Err(format!(
        "client_auth {name:?} is not known; expected one of {}",
        names.join(", ")
    ))
}
