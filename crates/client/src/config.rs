use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use crate::profile::Entry;
use crate::{Paths, Profile, ProfileName, disk};

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The profile that is meant when none is named.
    pub default: Option<ProfileName>,
    /// The profiles in the order of their names.
    pub profiles: BTreeMap<ProfileName, Profile>,
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
    /// The profile holds a secret itself.
    #[error("the profile cannot be written: {0}")]
    Unwritable(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    default: Option<ProfileName>,
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

    /// The profile whose credential is for this URL.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Ambiguous`] when there are several and none is the default.
    pub fn profile_for(&self, url: &Url) -> Result<Option<&Profile>, ConfigError> {
        let found: Vec<&Profile> = self
            .profiles
            .values()
            .filter(|profile| profile.api.iter().any(|origin| origin.covers(url)))
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

    /// Adds a profile to the file. What else is in it, comments too, stays as it is.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Exists`], [`ConfigError::Unwritable`], and those of [`Config::load`].
    pub fn add(paths: &Paths, profile: &Profile) -> Result<(), ConfigError> {
        edit(paths, |text, config| {
            if config.profiles.contains_key(&profile.name) {
                return Err(ConfigError::Exists(profile.name.to_string()));
            }
            let gap = if text.is_empty() { "" } else { "\n" };
            Ok(format!("{text}{gap}{}", section(profile)?))
        })
    }

    /// Removes a profile from the file. Its token is not touched.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoProfile`], and those of [`Config::load`].
    pub fn remove(paths: &Paths, name: &ProfileName) -> Result<(), ConfigError> {
        edit(paths, |text, mut config| {
            config.profile(Some(name.as_str()))?;
            config.profiles.remove(name);
            config.default = config.default.filter(|default| default != name);
            let cut = without(text, name);
            match Self::parse(&cut, Path::new("")) {
                Ok(outcome) if outcome == config => Ok(cut),
                _ => config.render(),
            }
        })
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
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
                error.message().trim().to_owned(),
            )
        })?;
        let mut config = Self {
            default: document.default,
            ..Self::default()
        };
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

    fn render(&self) -> Result<String, ConfigError> {
        let mut text = String::new();
        if let Some(default) = &self.default {
            let _ = writeln!(text, "default = {:?}", default.as_str());
        }
        for profile in self.profiles.values() {
            let gap = if text.is_empty() { "" } else { "\n" };
            text = format!("{text}{gap}{}", section(profile)?);
        }
        Ok(text)
    }
}

/// Reads, changes and replaces the file, alone.
fn edit(
    paths: &Paths,
    change: impl FnOnce(&str, Config) -> Result<String, ConfigError>,
) -> Result<(), ConfigError> {
    let path = paths.config_file();
    let fault = |error: io::Error| ConfigError::Io {
        path: path.clone(),
        reason: error.to_string(),
    };
    disk::make_folder(&paths.config).map_err(fault)?;
    let lock = paths.config.join(".config.lock");
    let lock: File = disk::private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(lock)
        .map_err(fault)?;
    lock.lock().map_err(fault)?;
    let text = read(&path)?;
    let changed = change(&text, Config::parse(&text, &path)?)?;
    Config::parse(&changed, &path)?;
    disk::replace(&path, changed.as_bytes()).map_err(fault)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|error| ConfigError::Io {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

fn section(profile: &Profile) -> Result<String, ConfigError> {
    let table = toml::Table::try_from(Entry::from(profile))
        .map_err(|error| ConfigError::Unwritable(error.to_string()))?;
    let mut lines: Vec<(&String, &toml::Value)> = table.iter().collect();
    lines.sort_by_key(|(name, _)| (*name != "method", *name != "api"));
    let mut text = format!("[profile.{}]\n", key(&profile.name));
    for (name, value) in lines {
        let _ = writeln!(text, "{name} = {value}");
    }
    Ok(text)
}

/// The text without the tables of this profile.
fn without(text: &str, name: &ProfileName) -> String {
    let bare = format!("profile.{}", name.as_str());
    let quoted = format!("profile.{:?}", name.as_str());
    let mut kept = String::new();
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        if let Some(header) = line
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            let header = header.trim();
            inside = [&bare, &quoted].into_iter().any(|own| {
                header
                    .strip_prefix(own.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
        }
        if !inside {
            kept.push_str(line);
        }
    }
    kept
}

/// A name with a dot has to be quoted.
fn key(name: &ProfileName) -> String {
    if name.as_str().contains('.') {
        format!("{:?}", name.as_str())
    } else {
        name.to_string()
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
mod tests;
