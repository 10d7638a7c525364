//! Changes to `config.toml`: what else is in it, comments too, stays as it is.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::config::{read, said};
use crate::config_comments::{detached, keep, text_of};
use crate::profile::Entry;
use crate::{Config, ConfigError, Paths, Profile, ProfileName, disk};

/// A change of one member of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The member, with the name it has in `config.toml`; `password.env` is `env` in `password`.
    pub member: String,
    /// What it becomes, read as the member needs it: as text, as words of a list, as a number, as TOML. `None` takes
    /// the member away.
    pub value: Option<String>,
}

impl Config {
    /// Adds a profile to the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Exists`], [`ConfigError::Unwritable`], and those of [`Config::load`].
    pub fn add(paths: &Paths, profile: &Profile) -> Result<(), ConfigError> {
        edit(paths, |text, config| {
            if config.profiles.contains_key(&profile.name) {
                return Err(ConfigError::Exists(profile.name.to_string()));
            }
            appended(text, profile)
        })
    }

    /// Puts a profile in the place of the one of its name; adds it, if there is none.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unwritable`], and those of [`Config::load`].
    pub fn replace(paths: &Paths, profile: &Profile) -> Result<(), ConfigError> {
        edit(paths, |text, _| replaced(text, profile))
    }

    /// Removes a profile from the file. Its token is not touched.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoProfile`], and those of [`Config::load`].
    pub fn remove(paths: &Paths, name: &ProfileName) -> Result<(), ConfigError> {
        edit(paths, |text, config| {
            config.profile(Some(name.as_str()))?;
            let mut document = parsed(text)?;
            let gone = document
                .get_mut("profile")
                .and_then(Item::as_table_like_mut)
                .and_then(|profiles| profiles.remove(name.as_str()));
            if let Some(Item::Table(gone)) = gone {
                let above = text_of(gone.decor().prefix());
                keep(&mut document, gone.position(), detached(above));
            }
            if config.default.as_ref() == Some(name)
                && let Some((key, _)) = document.remove_entry("default")
            {
                keep(&mut document, None, text_of(key.leaf_decor().prefix()));
            }
            Ok(document.to_string())
        })
    }

    /// Makes a profile the default one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoProfile`], and those of [`Config::load`].
    pub fn set_default(paths: &Paths, name: &ProfileName) -> Result<(), ConfigError> {
        edit(paths, |text, config| {
            config.profile(Some(name.as_str()))?;
            let mut document = parsed(text)?;
            if document.contains_key("default") {
                put(document.as_table_mut(), "default", name.as_str().into());
                return Ok(document.to_string());
            }
            let gap = if text.starts_with('\n') { "" } else { "\n" };
            Ok(format!("default = {:?}\n{gap}{text}", name.as_str()))
        })
    }

    /// Changes members of a profile, all or none; the profile as it is then.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoProfile`], [`ConfigError::Unwritable`] when the outcome makes no sense, and those of
    /// [`Config::load`].
    pub fn change(
        paths: &Paths,
        name: &ProfileName,
        changes: &[Change],
    ) -> Result<Profile, ConfigError> {
        edit(paths, |text, config| {
            config.profile(Some(name.as_str()))?;
            let mut document = parsed(text)?;
            let profile = table(&mut document, name)
                .ok_or_else(|| ConfigError::Unwritable("expected a table".into()))?;
            for change in changes {
                apply(profile, change).map_err(|reason| {
                    ConfigError::Unwritable(format!("{}: {reason}", change.member))
                })?;
            }
            Ok(document.to_string())
        })?;
        Ok(Self::load(paths)?.profile(Some(name.as_str()))?.clone())
    }

    /// The file as it is; empty where there is none.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Io`].
    pub fn text(paths: &Paths) -> Result<String, ConfigError> {
        read(&paths.config_file())
    }

    /// Replaces the file by one that somebody wrote, starting from `before`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with the place in the new text, [`ConfigError::Unwritable`] when the file is not
    /// `before` any more, [`ConfigError::Io`].
    pub fn install(paths: &Paths, before: &str, text: &str) -> Result<(), ConfigError> {
        Self::parse(text, &paths.config_file())?;
        exclusively(paths, |now| {
            if now != before {
                let reason = "the file was changed by somebody else meanwhile";
                return Err(ConfigError::Unwritable(reason.into()));
            }
            Ok(text.to_owned())
        })
    }
}

impl Profile {
    /// A profile of these members, each said as [`Config::change`] takes it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without anything that may be a secret.
    pub fn of_members(name: ProfileName, members: &[Change]) -> Result<Self, String> {
        let mut document = DocumentMut::new();
        for change in members {
            apply(document.as_table_mut(), change)
                .map_err(|reason| format!("{}: {reason}", change.member))?;
        }
        let entry: Entry = toml::from_str(&document.to_string())
            .map_err(|error| error.message().trim().to_owned())?;
        entry.read(name)
    }
}

/// Changes a file that makes sense into another that does.
pub(crate) fn edit(
    paths: &Paths,
    change: impl FnOnce(&str, Config) -> Result<String, ConfigError>,
) -> Result<(), ConfigError> {
    let path = paths.config_file();
    exclusively(paths, |text| {
        let changed = change(text, Config::parse(text, &path)?)?;
        // Nobody can look up a line of a text that is not written.
        Config::parse(&changed, &path).map_err(|error| match error {
            ConfigError::Malformed { reason, .. } => ConfigError::Unwritable(reason),
            error => error,
        })?;
        Ok(changed)
    })
}

/// Reads, changes and replaces the file, alone.
fn exclusively(
    paths: &Paths,
    change: impl FnOnce(&str) -> Result<String, ConfigError>,
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
    let changed = change(&read(&path)?)?;
    disk::replace(&path, changed.as_bytes()).map_err(fault)
}

pub(crate) fn appended(text: &str, profile: &Profile) -> Result<String, ConfigError> {
    let gap = if text.is_empty() { "" } else { "\n" };
    Ok(format!("{text}{gap}{}", section(profile)?))
}

pub(crate) fn replaced(text: &str, profile: &Profile) -> Result<String, ConfigError> {
    let mut document = parsed(text)?;
    let Some(old) = table(&mut document, &profile.name) else {
        return appended(text, profile);
    };
    old.clear();
    let mut new = parsed(&section(profile)?)?;
    if let Some(new) = table(&mut new, &profile.name) {
        for (member, item) in new.iter() {
            old.insert(member, item.clone());
        }
    }
    Ok(document.to_string())
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

/// A name with a dot has to be quoted.
fn key(name: &ProfileName) -> String {
    if name.as_str().contains('.') {
        format!("{:?}", name.as_str())
    } else {
        name.to_string()
    }
}

fn parsed(text: &str) -> Result<DocumentMut, ConfigError> {
    // Only the message: the whole display repeats the line.
    text.parse()
        .map_err(|error: toml_edit::TomlError| ConfigError::Unwritable(error.message().to_owned()))
}

fn table<'a>(document: &'a mut DocumentMut, name: &ProfileName) -> Option<&'a mut dyn TableLike> {
    let profiles = document.get_mut("profile")?.as_table_like_mut()?;
    profiles.get_mut(name.as_str())?.as_table_like_mut()
}

/// Sets a value; what stands around the old one stays around it.
fn put(table: &mut dyn TableLike, member: &str, mut value: Value) {
    match table.get_mut(member).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(member, Item::Value(value));
        }
    }
}

fn apply(profile: &mut dyn TableLike, change: &Change) -> Result<(), String> {
    let (member, within) = match change.member.split_once('.') {
        Some((member, within)) => (member, Some(within)),
        None => (change.member.as_str(), None),
    };
    let value = match (&change.value, within) {
        (None, None) => {
            let gone = profile.remove(member);
            return gone
                .map(drop)
                .ok_or_else(|| "there is no such member".to_owned());
        }
        (None, Some(within)) => without(profile.get(member), within)?,
        (Some(text), None) => fitting(member, candidates(text))?,
        (Some(text), Some(within)) => {
            let old = profile.get(member).and_then(inline).unwrap_or_default();
            // Beside its neighbours, if they go together, otherwise alone.
            let placed = candidates(text).into_iter().flat_map(|value| {
                [&old, &InlineTable::new()].map(|table| with(table, within, &value))
            });
            fitting(member, placed.collect())?
        }
    };
    put(profile, member, value);
    Ok(())
}

/// What a text may mean, the likeliest first.
fn candidates(text: &str) -> Vec<Value> {
    let words: Array = text.split_whitespace().collect();
    let mut all = vec![Value::from(text), Value::from(words)];
    match text.parse::<Value>() {
        // Brackets are hardly words.
        Ok(value) if value.is_array() || value.is_inline_table() => all.insert(0, value),
        Ok(value) => all.push(value),
        Err(_) => {}
    }
    all
}

/// The first that the member can be.
fn fitting(member: &str, candidates: Vec<Value>) -> Result<Value, String> {
    let mut complaint: Option<(bool, String)> = None;
    for value in candidates {
        let mut alone = DocumentMut::new();
        alone.insert("method", toml_edit::value(""));
        alone.insert(member, Item::Value(value.clone()));
        match toml::from_str::<Entry>(&alone.to_string()) {
            Ok(_) => return Ok(value),
            Err(error) => {
                // Most are of the wrong kind; the first that is not says more.
                let reason = said(error.message());
                let tells = !reason.starts_with("invalid type");
                complaint = complaint
                    .filter(|(told, _)| *told || !tells)
                    .or(Some((tells, reason)));
            }
        }
    }
    Err(complaint.map_or_else(|| "expected a value".to_owned(), |(_, reason)| reason))
}

fn inline(item: &Item) -> Option<InlineTable> {
    item.clone().into_table().ok().map(Table::into_inline_table)
}

fn with(table: &InlineTable, member: &str, value: &Value) -> Value {
    let mut table = table.clone();
    table.insert(member, value.clone());
    Value::InlineTable(table)
}

fn without(item: Option<&Item>, member: &str) -> Result<Value, String> {
    let missing = || "there is no such member".to_owned();
    let mut table = item.and_then(inline).ok_or_else(missing)?;
    table.remove(member).ok_or_else(missing)?;
    Ok(Value::InlineTable(table))
}

#[cfg(test)]
#[path = "config_edit_tests.rs"]
mod tests;
