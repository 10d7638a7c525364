use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};
use toml::Spanned;
use url::Url;

use crate::config_clients::{described, known};
use crate::profile::Entry;
use crate::{KnownClient, Paths, Profile, ProfileName};

/// The profiles in `config.toml`.
///
/// ```toml
/// default = "work"
///
/// [profile.work]
/// method = "oauth"
/// api = ["https://api.example.com"]
/// issuer = "https://login.example.com"
/// client_id = "cl_1"
/// client_secret = { env = "WORK_SECRET" }
/// scope = "read"
///
/// [profile.maps]
/// method = "api_key"
/// api = ["https://maps.example.com"]
/// key = { command = "pass show maps" }
/// ```
///
/// For resources that say themselves who issues their tokens ([`Credential::Discover`](crate::Credential::Discover)), it says
/// who we are at authorization servers that know us:
///
/// ```toml
/// client_metadata_url = "https://example.com/gatepass.json"
///
/// [[client]]
/// issuer = "https://login.example.com"
/// client_id = "cl_1"
/// client_secret = { keyring = "login-example" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The profile that is meant when none is named.
    pub default: Option<ProfileName>,
    /// The profiles in the order of their names.
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// The URL of the document that describes this client to authorization servers that a resource names.
    pub client_metadata_url: Option<String>,
    /// The clients that are registered at such servers already.
    pub clients: Vec<KnownClient>,
}

/// The profiles cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file system failed.
    #[error("{}: {reason}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The file says something that makes no sense.
    #[error("{}:{line}:{column}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is no such profile.
    #[error("there is no profile {name:?}; {}", list(.known))]
    NoProfile {
        /// What was asked for.
        name: String,
        /// What is there.
        known: Vec<String>,
    },
    /// There is one of that name already.
    #[error("there is a profile {0:?} already; remove it first")]
    Exists(String),
    /// More than one profile is for an origin.
    #[error("several profiles are for {origin}: {}; name one", .names.join(", "))]
    Ambiguous {
        /// The origin.
        origin: String,
        /// The profiles.
        names: Vec<String>,
    },
    /// What was to be written makes no sense, or is not to be written: a secret itself.
    #[error("{0}; nothing was written")]
    Unwritable(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    default: Option<ProfileName>,
    client_metadata_url: Option<Spanned<String>>,
    #[serde(default)]
    client: Vec<Spanned<KnownClient>>,
    #[serde(default)]
    profile: BTreeMap<ProfileName, Spanned<Entry>>,
}

impl Config {
    /// Reads the profiles. No file means no profiles.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with the place in the file; [`ConfigError::Io`].
    pub fn load(paths: &Paths) -> Result<Self, ConfigError> {
        let path = paths.config_file();
        Self::parse(&read(&path)?, &path)
    }

    /// The profile of this name, or the default one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoProfile`].
    pub fn profile(&self, name: Option<&str>) -> Result<&Profile, ConfigError> {
        let only =
            || Some(self.profiles.keys().next()?.as_str()).filter(|_| self.profiles.len() == 1);
        let wanted = name
            .or(self.default.as_ref().map(ProfileName::as_str))
            .or_else(only);
        let found = wanted.and_then(|name| {
            self.profiles
                .values()
                .find(|profile| profile.name.as_str() == name)
        });
        found.ok_or_else(|| ConfigError::NoProfile {
            name: wanted.unwrap_or("default").to_owned(),
            known: self.profiles.keys().map(ToString::to_string).collect(),
        })
    }

    /// The profile whose credential is for this URL: of those that were found for a resource, the one whose resource is
    /// closest to it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Ambiguous`] when there are several and none is the default.
    pub fn profile_for(&self, url: &Url) -> Result<Option<&Profile>, ConfigError> {
        let found: Vec<(usize, &Profile)> = self
            .profiles
            .values()
            .filter_map(|profile| Some((profile.closeness(url)?, profile)))
            .collect();
        let closest = found.iter().map(|(close, _)| *close).max();
        let found: Vec<&Profile> = found
            .into_iter()
            .filter(|(close, _)| Some(*close) == closest)
            .map(|(_, profile)| profile)
            .collect();
        if let [only] = found.as_slice() {
            return Ok(Some(only));
        }
        let default = found
            .iter()
            .find(|profile| Some(&profile.name) == self.default.as_ref());
        if default.is_some() || found.is_empty() {
            return Ok(default.copied());
        }
        Err(ConfigError::Ambiguous {
            origin: url.origin().ascii_serialization(),
            names: found
                .iter()
                .map(|profile| profile.name.to_string())
                .collect(),
        })
    }

    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let malformed = |at: usize, reason: String| {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            ConfigError::Malformed {
                path: path.to_owned(),
                line,
                column,
                reason,
            }
        };
        // Only the message: the whole display repeats the line, in which somebody may have put a secret.
        let document: Document = toml::from_str(text).map_err(|error| {
            malformed(
                error.span().map_or(0, |span| span.start),
                said(error.message()),
            )
        })?;
        let mut config = Self {
            default: document.default,
            ..Self::default()
        };
        if let Some(url) = document.client_metadata_url {
            let at = url.span().start;
            let url = described(url.into_inner()).map_err(|reason| malformed(at, reason))?;
            config.client_metadata_url = Some(url);
        }
        for client in document.client {
            let at = client.span().start;
            let client = client.into_inner();
            let checked = known(&client, &config.clients);
            checked.map_err(|reason| malformed(at, format!("client: {reason}")))?;
            config.clients.push(client);
        }
        for (name, entry) in document.profile {
            let at = entry.span().start;
            let profile = entry
                .into_inner()
                .read(name.clone())
                .map_err(|reason| malformed(at, format!("profile {name}: {reason}")))?;
            config.profiles.insert(name, profile);
        }
        Ok(config)
    }
}

/// As it stands in `config.toml`, without the name.
impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Entry::from(self).serialize(serializer)
    }
}

pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|error| ConfigError::Io {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// What the parser said, with the likeliest member in place of all of them.
pub(crate) fn said(message: &str) -> String {
    let message = message.trim();
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split_once('`'));
    let Some((name, known)) = unknown else {
        return message.to_owned();
    };
    let likeliest = known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|(likeness, _)| *likeness > 0.8);
    match likeliest {
        Some((_, likeliest)) => format!("unknown member {name:?}; did you mean {likeliest:?}?"),
        None => format!("unknown member {name:?}"),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "there are none yet; make one with `gatepass profile add`".to_owned();
    }
    format!("there are {}", names.join(", "))
}

#[cfg(test)]
#[path = "config_tests.rs"]
pub(crate) mod tests;
