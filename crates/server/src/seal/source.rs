//! Where the master key is.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fmt, io, thread};

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::MasterKey;
use super::file::{self, MasterKeyError};

/// How long a command may take to print the key.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the master key is; never the key itself.
///
/// In the configuration file: `{ file = "/path" }`, `{ env = "NAME" }` or `{ command = ["program", "argument"] }`. Each gives
/// 32 bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeySource {
    /// In a file, which is made when it is not there.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
    /// Printed by a command: its words, without a shell.
    Command(Vec<String>),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "the command {program:?}")
            }
        }
    }
}

impl From<PathBuf> for KeySource {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&Path> for KeySource {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl MasterKey {
    /// The key from where it is; a file that is not there is made.
    ///
    /// # Errors
    ///
    /// There is no key there, or it cannot be read.
    pub(crate) fn obtain(source: &KeySource) -> Result<Self, MasterKeyError> {
        match source {
            KeySource::File(path) => Self::load_or_create(path),
            KeySource::Env(_) | KeySource::Command(_) => elsewhere(source),
        }
    }

    /// The key from where it is; `None` for a file that is not there.
    ///
    /// # Errors
    ///
    /// As [`MasterKey::obtain`].
    pub(crate) fn find(source: &KeySource) -> Result<Option<Self>, MasterKeyError> {
        match source {
            KeySource::File(path) => file::load(path),
            KeySource::Env(_) | KeySource::Command(_) => elsewhere(source).map(Some),
        }
    }
}

fn elsewhere(source: &KeySource) -> Result<MasterKey, MasterKeyError> {
    let fault = |reason: String| MasterKeyError::Elsewhere {
        place: source.clone(),
        reason,
    };
    let text = match source {
        KeySource::Env(name) => std::env::var(name)
            .map(Zeroizing::new)
            .map_err(|_| fault("is not set".to_owned()))?,
        KeySource::Command(words) => printed(words).map_err(fault)?,
        KeySource::File(_) => Zeroizing::default(),
    };
    let key = file::decode(&text);
    let key = key.ok_or_else(|| fault("gives no key (32 bytes in base64)".to_owned()))?;
    Ok(MasterKey::new(&key)?)
}

/// What a command prints.
fn printed(words: &[String]) -> Result<Zeroizing<String>, String> {
    let (program, arguments) = words.split_first().ok_or("names no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let text = in_time(&mut child)?;
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("failed with {status}"));
    }
    Ok(text)
}

fn in_time(child: &mut Child) -> Result<Zeroizing<String>, String> {
    let stdout = child.stdout.take().ok_or("has no output")?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(file::bounded(stdout)));
    let read = receive.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let _ = child.kill();
        Err(io::ErrorKind::TimedOut.into())
    });
    read.map_err(|error| format!("gives nothing that can be read: {error}"))
}

/// What is written in its place is somebody's secret, so no message repeats it.
const NAMED_ONLY: &str = "the key itself does not belong here; write { file = \"/path\" }, { env = \"NAME\" } or { command = [\"program\", \"argument\"] }";

impl<'de> Deserialize<'de> for KeySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Named)
    }
}

struct Named;

impl<'de> Visitor<'de> for Named {
    type Value = KeySource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ file = … }, { env = … } or { command = … }")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<KeySource, E> {
        Err(E::custom(NAMED_ONLY))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<KeySource, E> {
        Err(E::custom(NAMED_ONLY))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<KeySource, E> {
        Err(E::custom(NAMED_ONLY))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeySource, A::Error> {
        let found = match map.next_key::<String>()?.as_deref() {
            Some("file") => KeySource::File(map.next_value()?),
            Some("env") => KeySource::Env(map.next_value()?),
            Some("command") => KeySource::Command(map.next_value()?),
            _ => return Err(de::Error::custom(NAMED_ONLY)),
        };
        match map.next_key::<String>()? {
            None => Ok(found),
            Some(_) => Err(de::Error::custom(NAMED_ONLY)),
        }
    }
}
