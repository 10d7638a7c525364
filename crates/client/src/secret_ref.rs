use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gatepass_proto::Secret;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use crate::keyring_entry::KeyringEntry;
use crate::text;
use crate::tokens::Keyring;

/// How long a command may take to print a secret: time enough to unlock a key by hand.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest secret, in bytes.
const MAX_LEN: u64 = 64 * 1024;

/// Where a secret is. It is read when it is needed and not kept.
///
/// In `config.toml`: `{ env = "NAME" }`, `{ file = "/path" }`, `{ command = "pass show x" }` or
/// `{ keyring = "service/account" }`. The secret itself is refused there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file; the first line counts.
    File(PathBuf),
    /// Printed by a command; the first line counts. The words are split at spaces, with `'…'` and `"…"` around
    /// words that hold some; no shell is involved.
    Command(String),
    /// In the OS keyring.
    Keyring(KeyringEntry),
    /// Given by the program. It cannot be written to a file.
    Given(Secret),
}

/// A secret could not be read, or not be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is missing, empty or not UTF-8.
    #[error("environment variable {0} is not set (or is empty)")]
    Env(String),
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The command failed.
    #[error("command {program:?}: {reason}")]
    Command {
        /// Its first word.
        program: String,
        /// Why.
        reason: String,
    },
    /// The OS keyring has no such entry, or what it has is no text.
    #[error("entry {entry:?} of the OS keyring {reason}")]
    Entry {
        /// The entry, as it is written.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The keyring of the operating system does not answer, or refuses.
    #[error(
        "entry {entry:?} is to be in the OS keyring, which cannot be used: {reason}. Start or unlock it, or keep the secret in a file, an environment variable or what a command prints"
    )]
    Keyring {
        /// The entry, as it is written.
        entry: String,
        /// What it said.
        reason: String,
    },
}

impl SecretRef {
    /// In an environment variable.
    pub fn env(name: impl Into<String>) -> Self {
        Self::Env(name.into())
    }

    /// Given by the program.
    pub fn given(secret: impl Into<String>) -> Self {
        Self::Given(Secret::new(secret))
    }

    /// Keeps a secret in the OS keyring as `secret NAME` of `gatepass`, in place of what was there, and makes sure that
    /// it can be read again.
    ///
    /// # Errors
    ///
    /// [`SecretError::Keyring`].
    pub async fn store_in_keyring(name: &str, secret: &Secret) -> Result<Self, SecretError> {
        let entry = KeyringEntry::of_ours(name);
        entry.write(&Keyring::of_this_user(), secret).await?;
        Ok(Self::Keyring(entry))
    }

    /// Reads the secret.
    ///
    /// # Errors
    ///
    /// See [`SecretError`].
    pub async fn read(&self) -> Result<Secret, SecretError> {
        self.read_part(Part::FirstLine).await
    }

    /// Reads a secret of many lines, such as a key in PEM, as a whole.
    ///
    /// # Errors
    ///
    /// See [`SecretError`].
    pub async fn read_all(&self) -> Result<Secret, SecretError> {
        self.read_part(Part::All).await
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => path.display().to_string(),
            Self::Command(line) => format!("command {:?}", text::words(line).first()),
            Self::Keyring(entry) => format!("entry {:?} of the OS keyring", entry.to_string()),
            Self::Given(_) => "given by the program".to_owned(),
        }
    }

    async fn read_part(&self, part: Part) -> Result<Secret, SecretError> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::Env(name) => match std::env::var(name) {
                Ok(text) if !text.is_empty() => Ok(Secret::new(text)),
                _ => Err(SecretError::Env(name.clone())),
            },
            Self::File(path) => read_file(path, part).await,
            Self::Command(line) => run(line, part).await,
            Self::Keyring(entry) => {
                let bytes = entry.read(&Keyring::of_this_user()).await?;
                part.of(&bytes).ok_or_else(|| SecretError::Entry {
                    entry: entry.to_string(),
                    reason: "is empty, or not UTF-8 text",
                })
            }
        }
    }
}

async fn read_file(path: &Path, part: Part) -> Result<Secret, SecretError> {
    let fault = |reason: String| SecretError::File {
        path: path.to_owned(),
        reason,
    };
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| fault(error.to_string()))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_LEN)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| fault(error.to_string()))?;
    part.of(&bytes)
        .ok_or_else(|| fault(format!("expected {}", part.words())))
}

async fn run(line: &str, part: Part) -> Result<Secret, SecretError> {
    let words = text::words(line);
    let (program, arguments) = words
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let fault = |reason: String| SecretError::Command {
        program: program.to_owned(),
        reason,
    };
    let child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_TIMEOUT, child)
        .await
        .map_err(|_| fault(format!("took longer than {} s", COMMAND_TIMEOUT.as_secs())))?
        .map_err(|error| fault(error.to_string()))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(fault(format!("failed with {}", output.status)));
    }
    part.of(&printed)
        .ok_or_else(|| fault(format!("expected {} on standard output", part.words())))
}

/// How much of a file or an output is the secret.
#[derive(Clone, Copy)]
enum Part {
    FirstLine,
    All,
}

impl Part {
    fn of(self, bytes: &[u8]) -> Option<Secret> {
        let text = std::str::from_utf8(bytes).ok()?;
        let part = match self {
            Self::FirstLine => text.lines().next()?,
            Self::All => text,
        };
        (!part.is_empty()).then(|| Secret::new(part))
    }

    fn words(self) -> &'static str {
        match self {
            Self::FirstLine => "one line of UTF-8 text",
            Self::All => "UTF-8 text",
        }
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, value) = match self {
            Self::Env(name) => ("env", name.clone()),
            Self::File(path) => ("file", path.display().to_string()),
            Self::Command(line) => ("command", line.clone()),
            Self::Keyring(entry) => ("keyring", entry.to_string()),
            Self::Given(_) => return Err(serde::ser::Error::custom(ONLY_REFERENCES)),
        };
        serializer.collect_map([(name, value)])
    }
}

const ONLY_REFERENCES: &str = "a secret itself does not belong in this file; write { env = \"NAME\" }, { file = \"/path\" }, { command = \"pass show x\" } or { keyring = \"service/account\" }";

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reference)
    }
}

struct Reference;

impl<'de> Visitor<'de> for Reference {
    type Value = SecretRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = … }, { file = … }, { command = … } or { keyring = … }")
    }

    /// Serde's own message would repeat the text, which is somebody's secret.
    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(E::custom(ONLY_REFERENCES))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretRef, E> {
        Err(E::custom(ONLY_REFERENCES))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretRef, E> {
        Err(E::custom(ONLY_REFERENCES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let found = match map.next_entry::<String, String>()? {
            Some((name, value)) if name == "env" => SecretRef::Env(value),
            Some((name, value)) if name == "file" => SecretRef::File(value.into()),
            Some((name, value)) if name == "command" => SecretRef::Command(value),
            Some((name, value)) if name == "keyring" => {
                SecretRef::Keyring(value.parse().map_err(de::Error::custom)?)
            }
            _ => return Err(de::Error::custom(ONLY_REFERENCES)),
        };
        match map.next_key::<String>()? {
            None => Ok(found),
            Some(_) => Err(de::Error::custom(
                "expected exactly one of env, file, command and keyring",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SecretRef;

    #[tokio::test]
    async fn the_first_line_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2\nurl: x\n").expect("written");
        assert_eq!(
            SecretRef::File(path).read().await.expect("read").expose(),
            "hunter2"
        );
        #[cfg(unix)]
        assert_eq!(
            SecretRef::Command("printf 'hunter2\\n'".into())
                .read()
                .await
                .expect("read")
                .expose(),
            "hunter2"
        );
    }

    #[tokio::test]
    async fn failures_say_what_to_mend_and_no_secret() {
        let text = SecretRef::env("GATEPASS_NO_SUCH")
            .read()
            .await
            .expect_err("missing")
            .to_string();
        assert_eq!(
            text,
            "environment variable GATEPASS_NO_SUCH is not set (or is empty)"
        );
        assert!(
            SecretRef::Command("gatepass-no-such-program".into())
                .read()
                .await
                .is_err()
        );
        assert!(SecretRef::Command(String::new()).read().await.is_err());
        assert!(
            SecretRef::File("/no/such/file".into())
                .read()
                .await
                .is_err()
        );
        assert_eq!(
            format!("{:?}", SecretRef::given("hunter2")),
            "Given([redacted])"
        );
    }

    #[test]
    fn references_are_written_as_they_are_read() {
        for text in [
            "{ env = \"A\" }",
            "{ file = \"/b\" }",
            "{ command = \"pass show c\" }",
            "{ keyring = \"login/me@d.example/x\" }",
        ] {
            let table: toml::Table = format!("s = {text}").parse().expect("TOML");
            let own: SecretRef = table["s"].clone().try_into().expect(text);
            assert_eq!(toml::Value::try_from(&own).expect("written"), table["s"]);
        }
    }

    #[test]
    fn a_secret_in_the_file_is_refused_without_being_repeated() {
        for value in [
            "\"hunter2\"",
            "815",
            "{ env = \"A\", file = \"/b\" }",
            "{ value = \"hunter2\" }",
            "{ keyring = \"hunter2\" }",
            "{ keyring = \"hunter2/\" }",
            "{ keyring = \"a/b\", env = \"A\" }",
        ] {
            let error = toml::from_str::<toml::Table>(&format!("s = {value}"))
                .expect("TOML")
                .remove("s")
                .expect("there")
                .try_into::<SecretRef>()
                .expect_err("refused");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
