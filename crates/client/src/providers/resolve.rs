use std::collections::BTreeMap;

use gatepass_http::{Origin, check_url};
use gatepass_proto::message::quirks::Quirks;
use url::Url;

use super::{Kind, Provider};
use crate::Endpoints;

/// The longest value of a variable, in bytes.
const MAX_VALUE: usize = 1024;

/// A provider whose variables are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The issuer, whose metadata names the endpoints that are not named here.
    pub issuer: Option<String>,
    /// The endpoints that are named.
    pub endpoints: Endpoints,
    /// The origins that its tokens are for.
    pub api: Vec<Origin>,
    /// How it differs from the standard.
    pub quirks: Quirks,
}

/// The variables do not make a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// A variable without a default was not given.
    #[error("{provider} needs {name}: {help}")]
    Missing {
        /// The provider's id.
        provider: String,
        /// The variable.
        name: String,
        /// What to say.
        help: String,
    },
    /// There is no such variable.
    #[error("{provider} has no variable {name:?}; {}", list(.known))]
    Unknown {
        /// The provider's id.
        provider: String,
        /// What was given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A variable's value cannot be used.
    #[error("{name} {value:?} cannot be used: expected {expected}")]
    Value {
        /// The variable.
        name: String,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// What comes of the values is no address that anything is sent to.
    #[error("{url:?} is no address to use: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Provider {
    /// Fills in the variables; those that have a default may be left out.
    ///
    /// # Errors
    ///
    /// See [`ProviderError`].
    pub fn resolve(&self, given: &BTreeMap<String, String>) -> Result<Resolved, ProviderError> {
        let values = self.values(given)?;
        let address = |template: &Option<String>| {
            let filled = template.as_ref().map(|template| fill(template, &values));
            filled.map(checked).transpose()
        };
        let endpoints = Endpoints {
            authorization: address(&self.authorization_endpoint)?,
            token: address(&self.token_endpoint)?,
            device_authorization: address(&self.device_authorization_endpoint)?,
            userinfo: address(&self.userinfo_endpoint)?,
            revocation: address(&self.revocation_endpoint)?,
            ..Endpoints::default()
        };
        let origin = |template: &String| {
            let url = fill(template, &values);
            url.parse().map_err(|error| unusable(&url, error))
        };
        let api: Result<Vec<Origin>, ProviderError> = self.api.iter().map(origin).collect();
        let params = |templates: &BTreeMap<String, String>| {
            templates
                .iter()
                .map(|(name, template)| (name.clone(), fill(template, &values)))
                .filter(|(_, value)| !value.is_empty())
                .collect()
        };
        Ok(Resolved {
            issuer: address(&self.issuer)?,
            endpoints,
            api: api?,
            quirks: Quirks {
                authorize_params: params(&self.quirks.authorize_params),
                token_params: params(&self.quirks.token_params),
                ..self.quirks.clone()
            },
        })
    }

    fn values(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<&str, String>, ProviderError> {
        if let Some(name) = given
            .keys()
            .find(|name| !self.variables.contains_key(*name))
        {
            return Err(ProviderError::Unknown {
                provider: self.id.clone(),
                name: name.clone(),
                known: self.variables.keys().cloned().collect(),
            });
        }
        let mut values = BTreeMap::new();
        for (name, variable) in &self.variables {
            let Some(value) = given.get(name).or(variable.default.as_ref()) else {
                return Err(ProviderError::Missing {
                    provider: self.id.clone(),
                    name: name.clone(),
                    help: variable.help.clone(),
                });
            };
            let value = variable.kind.read(value).ok_or_else(|| {
                let (name, value) = (name.clone(), value.clone());
                let expected = variable.kind.expected();
                ProviderError::Value {
                    name,
                    value,
                    expected,
                }
            })?;
            values.insert(name.as_str(), value);
        }
        Ok(values)
    }
}

impl Kind {
    fn read(self, value: &str) -> Option<String> {
        let value = value.trim();
        if value.len() > MAX_VALUE || value.contains(char::is_control) {
            return None;
        }
        match self {
            Self::Host => {
                let host = value.strip_prefix("https://").unwrap_or(value);
                let host = host.strip_suffix('/').unwrap_or(host);
                let url: Url = format!("https://{host}").parse().ok()?;
                // Whatever is not part of a host would have moved the rest of the address.
                let plain = !host.contains(['/', '\\', '?', '#', '@']) && url.has_host();
                plain.then(|| host.to_owned())
            }
            Self::Segment => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
                let good = !value.is_empty() && !matches!(value, "." | "..");
                (good && value.bytes().all(allowed)).then(|| value.to_owned())
            }
            Self::Url => {
                let url: Url = value.parse().ok()?;
                let plain = url.query().is_none() && url.fragment().is_none();
                (plain && check_url(&url).is_ok())
                    .then(|| value.trim_end_matches(['/', '?', '#']).to_owned())
            }
            Self::Text => Some(value.to_owned()),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Host => "a host, like login.example.com",
            Self::Segment => "letters, digits, '.', '_', '~' and '-', the rest percent-encoded",
            Self::Url => "an https address without a query, like https://sso.example.org",
            Self::Text => "a text on one line",
        }
    }
}

/// Variables that are not ours, such as `{client_id}`, stay.
fn fill(template: &str, values: &BTreeMap<&str, String>) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}

fn checked(url: String) -> Result<String, ProviderError> {
    let parsed: Url = url.parse().map_err(|error| unusable(&url, error))?;
    match check_url(&parsed) {
        Ok(()) => Ok(url),
        Err(error) => Err(unusable(&url, error)),
    }
}

fn unusable(url: &str, reason: impl std::fmt::Display) -> ProviderError {
    ProviderError::Address {
        url: url.to_owned(),
        reason: reason.to_string(),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "it has none".to_owned();
    }
    format!("it has {}", names.join(", "))
}
