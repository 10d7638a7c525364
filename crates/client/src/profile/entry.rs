//! A profile as it stands in `config.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gatepass_http::{Origin, check_url};
use gatepass_proto::Scope;
use gatepass_proto::message::quirks::AssertionTyp;
use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::{Certificate, Profile, ProfileName, members};
use crate::tokens::Place;
use crate::{ApiKey, Credential, KeyPlace, LoginEndpoint, LoginStyle, SecretRef};

macro_rules! entry {
    ($($field:ident: $kind:ty,)*) => {
        /// A profile as it stands in `config.toml`: which members belong together, `read` decides.
        #[derive(Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Entry {
            pub(super) method: String,
            #[serde(default)]
            pub(super) api: Vec<Origin>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) ca: Option<PathBuf>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) certificate: Option<PathBuf>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) certificate_key: Option<PathBuf>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) tokens: Option<Place>,
            $(#[serde(skip_serializing_if = "Option::is_none")] pub(super) $field: Option<$kind>,)*
        }

        impl Entry {
            /// The members that not every profile has, and whether this one has them.
            pub(super) fn members(&self) -> Vec<(&'static str, bool)> {
                vec![$((stringify!($field), self.$field.is_some()),)*]
            }
        }
    };
}

entry! {
    username: String,
    password: SecretRef,
    file: PathBuf,
    token: SecretRef,
    key: SecretRef,
    header: String,
    query: String,
    cookie: String,
    url: String,
    style: LoginStyle,
    token_pointer: String,
    expires_pointer: String,
    refresh_pointer: String,
    refresh_url: String,
    provider: String,
    variables: BTreeMap<String, String>,
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    userinfo_endpoint: String,
    device_authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    backchannel_authentication_endpoint: String,
    registration_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    client_id: String,
    client_secret: SecretRef,
    client_key: SecretRef,
    client_key_id: String,
    client_key_alg: String,
    client_auth: String,
    client_assertion_typ: AssertionTyp,
    scope: Scope,
    resource: Vec<String>,
    authorization_details: toml::Value,
    params: BTreeMap<String, String>,
    dpop: bool,
    par: bool,
    signed_request: bool,
    signed_response: bool,
    discovered: bool,
    grant: String,
    redirect_uri: String,
    login_hint: String,
    login_hint_token: SecretRef,
    id_token_hint: SecretRef,
    binding_message: String,
    user_code: SecretRef,
    assertion: SecretRef,
    assertion_key: SecretRef,
    assertion_key_id: String,
    assertion_key_alg: String,
    assertion_issuer: String,
    assertion_subject: String,
    assertion_audience: String,
    assertion_claims: BTreeMap<String, String>,
    subject_token: SecretRef,
    subject_token_type: String,
    actor_token: SecretRef,
    actor_token_type: String,
    requested_token_type: String,
    audience: Vec<String>,
}

impl Entry {
    /// Reads the profile, or says what is wrong with it.
    pub(crate) fn read(self, name: ProfileName) -> Result<Profile, String> {
        let all = self.members().into_iter();
        let present = all.filter_map(|(name, present)| present.then_some(name));
        let stray = members::stray(present, &self.method, self.grant.as_deref())?;
        if let Some(stray) = stray {
            return Err(match self.method.as_str() {
                "oauth" => format!("{stray} does not belong to this grant of method oauth"),
                method => format!("{stray} does not belong to method {method}"),
            });
        }
        let certificate = match (self.certificate.clone(), self.certificate_key.clone()) {
            (None, None) => None,
            (Some(chain), Some(key)) => Some(Certificate { chain, key }),
            _ => return Err("certificate and certificate_key go together".into()),
        };
        let own_api = self.api.clone();
        let ca = self.ca.clone();
        let tokens = self.tokens.clone().unwrap_or_default();
        let (credential, implied) = self.credential()?;
        Ok(Profile {
            name,
            api: if own_api.is_empty() { implied } else { own_api },
            ca,
            certificate,
            tokens,
            credential,
        })
    }

    /// The credential, and the origins that its preset is for.
    fn credential(self) -> Result<(Credential, Vec<Origin>), String> {
        let credential = match self.method.as_str() {
            "basic" => Credential::Basic {
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
            },
            "digest" => Credential::Digest {
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
            },
            "netrc" => Credential::Netrc { file: self.file },
            "bearer" => Credential::Bearer {
                token: need(self.token, "token")?,
            },
            "api_key" => Credential::ApiKey(ApiKey {
                place: place(self.header, self.query, self.cookie)?,
                key: need(self.key, "key")?,
            }),
            "login" => Credential::Login(LoginEndpoint {
                url: usable(need(self.url, "url")?, "url")?,
                style: self.style.unwrap_or_default(),
                username: need(self.username, "username")?,
                password: need(self.password, "password")?,
                token_pointer: pointer(self.token_pointer, "token_pointer")?,
                expires_pointer: pointer(self.expires_pointer, "expires_pointer")?,
                refresh_pointer: pointer(self.refresh_pointer, "refresh_pointer")?,
                refresh_url: self
                    .refresh_url
                    .map(|url| usable(url, "refresh_url"))
                    .transpose()?,
            }),
            _ => {
                let (oauth, api) = self.oauth()?;
                return Ok((Credential::OAuth(Box::new(oauth)), api));
            }
        };
        Ok((credential, Vec::new()))
    }
}

impl From<&Profile> for Entry {
    fn from(profile: &Profile) -> Self {
        let own = profile.credential.clone();
        let mut entry = Self {
            method: own.method().to_owned(),
            api: profile.api.clone(),
            ca: profile.ca.clone(),
            tokens: Some(profile.tokens.clone()).filter(|place| *place != Place::default()),
            ..Self::default()
        };
        if let Some(Certificate { chain, key }) = &profile.certificate {
            entry.certificate = Some(chain.clone());
            entry.certificate_key = Some(key.clone());
        }
        match own {
            Credential::Basic { username, password }
            | Credential::Digest { username, password } => {
                (entry.username, entry.password) = (Some(username), Some(password));
            }
            Credential::Netrc { file } => entry.file = file,
            Credential::Bearer { token } => entry.token = Some(token),
            Credential::ApiKey(ApiKey { key, place }) => {
                entry.key = Some(key);
                match place {
                    KeyPlace::Header(name) => entry.header = Some(name.to_string()),
                    KeyPlace::Bearer => entry.header = Some(BEARER.to_owned()),
                    KeyPlace::Query(name) => entry.query = Some(name),
                    KeyPlace::Cookie(name) => entry.cookie = Some(name),
                }
            }
            Credential::Login(login) => {
                entry.url = Some(login.url);
                entry.style = Some(login.style);
                (entry.username, entry.password) = (Some(login.username), Some(login.password));
                entry.token_pointer = login.token_pointer;
                entry.expires_pointer = login.expires_pointer;
                entry.refresh_pointer = login.refresh_pointer;
                entry.refresh_url = login.refresh_url;
            }
            Credential::OAuth(oauth) => entry.fill(*oauth),
            // It is no profile before something was found.
            Credential::Discover(_) => {}
        }
        entry
    }
}

/// What `header` says to send an API key as `Authorization: Bearer`.
const BEARER: &str = "bearer";

pub(super) fn need<T>(member: Option<T>, name: &str) -> Result<T, String> {
    member.ok_or_else(|| format!("{name} is missing"))
}

pub(crate) fn usable(url: String, name: &str) -> Result<String, String> {
    let parsed: url::Url = url.parse().map_err(|_| format!("{name} is not a URL"))?;
    check_url(&parsed).map_err(|error| format!("{name}: {error}"))?;
    Ok(url)
}

fn place(
    header: Option<String>,
    query: Option<String>,
    cookie: Option<String>,
) -> Result<KeyPlace, String> {
    match (header, query, cookie) {
        (None, None, None) => Ok(KeyPlace::default()),
        (Some(name), None, None) if name.eq_ignore_ascii_case(BEARER) => Ok(KeyPlace::Bearer),
        (Some(name), None, None) => name
            .parse::<HeaderName>()
            .map(KeyPlace::Header)
            .map_err(|_| format!("header {name:?} is not a header name")),
        (None, Some(name), None) if !name.is_empty() => Ok(KeyPlace::Query(name)),
        // A cookie's name is a token, like that of a header (RFC 6265 §4.1.1).
        (None, None, Some(name)) if name.parse::<HeaderName>().is_ok() => {
            Ok(KeyPlace::Cookie(name))
        }
        (None, Some(_), None) => Err("query must name a parameter".into()),
        (None, None, Some(name)) => Err(format!("cookie {name:?} is not a cookie name")),
        _ => Err("only one of header, query and cookie says where the key goes".into()),
    }
}

fn pointer(text: Option<String>, name: &str) -> Result<Option<String>, String> {
    match text {
        Some(text) if !text.starts_with('/') => Err(format!(
            "{name} {text:?} is not a JSON pointer; it begins with '/', like \"/data/token\""
        )),
        text => Ok(text),
    }
}
