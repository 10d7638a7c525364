use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FileTokens, Keyring, KeyringTokens, MemoryTokens, StoreError, TokenStore};
use crate::{Paths, SecretRef};

/// Where the tokens of a profile are kept.
///
/// In `config.toml`: `"file"` (the default), `"keyring"`, `"memory"`, or
/// `{ postgres = { env = "DATABASE_URL" }, seal_key = { file = "/path" } }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In sealed files of this person's; the key that seals them is in the OS keyring where there is one.
    #[default]
    File,
    /// In the OS keyring.
    Keyring,
    /// In memory, until the program ends.
    Memory,
    /// In a PostgreSQL database, which a fleet of machines may share.
    Postgres {
        /// Its address, like `postgres://user:password@db.example.com/tokens`.
        url: SecretRef,
        /// The key that seals tokens: 32 random bytes in base64. Without it they lie in the database in clear.
        seal_key: Option<SecretRef>,
    },
}

impl Place {
    /// The store there. Nothing is read, made or connected to yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] for a database, in a build without the feature `postgres`.
    pub fn open(&self, paths: &Paths) -> Result<Arc<dyn TokenStore>, StoreError> {
        Ok(match self {
            Self::File => Arc::new(FileTokens::new(paths.tokens()).key_in(Keyring::of_this_user())),
            Self::Keyring => Arc::new(KeyringTokens::new(
                Keyring::of_this_user(),
                paths.state.join("keyring"),
            )),
            Self::Memory => Arc::new(MemoryTokens::new()),
            #[cfg(feature = "postgres")]
            Self::Postgres { url, seal_key } => {
                let store = super::PostgresTokens::new(url.clone());
                Arc::new(match seal_key {
                    Some(key) => store.sealed_with(key.clone()),
                    None => store,
                })
            }
            #[cfg(not(feature = "postgres"))]
            Self::Postgres { .. } => {
                return Err(StoreError::Unusable {
                    place: "PostgreSQL".to_owned(),
                    reason: "this program was built without it (feature `postgres`)".to_owned(),
                });
            }
        })
    }
}

/// A database as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Postgres {
    postgres: SecretRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal_key: Option<SecretRef>,
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File => serializer.serialize_str("file"),
            Self::Keyring => serializer.serialize_str("keyring"),
            Self::Memory => serializer.serialize_str("memory"),
            Self::Postgres { url, seal_key } => Postgres {
                postgres: url.clone(),
                seal_key: seal_key.clone(),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    /// The text is not repeated: it may be an address with a password in it.
    fn visit_str<E: de::Error>(self, name: &str) -> Result<Place, E> {
        match name {
            "file" => Ok(Place::File),
            "keyring" => Ok(Place::Keyring),
            "memory" => Ok(Place::Memory),
            _ => Err(E::custom(format!("expected {EXPECTED}"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
        let Postgres { postgres, seal_key } =
            Postgres::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Place::Postgres {
            url: postgres,
            seal_key,
        })
    }
}

const EXPECTED: &str =
    "\"file\", \"keyring\", \"memory\" or { postgres = { env = \"DATABASE_URL\" } }";

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::{Paths, SecretRef};

    fn read(text: &str) -> Result<Place, String> {
        let table: toml::Table = format!("tokens = {text}").parse().expect("TOML");
        let value = table.get("tokens").expect("there").clone();
        value.try_into().map_err(|error| error.to_string())
    }

    #[test]
    fn a_place_is_written_as_it_is_read() {
        let database = |seal_key: Option<SecretRef>| Place::Postgres {
            url: SecretRef::env("DATABASE_URL"),
            seal_key,
        };
        for (text, place) in [
            ("\"file\"", Place::File),
            ("\"keyring\"", Place::Keyring),
            ("\"memory\"", Place::Memory),
            ("{ postgres = { env = \"DATABASE_URL\" } }", database(None)),
            (
                "{ postgres = { env = \"DATABASE_URL\" }, seal_key = { file = \"/k\" } }",
                database(Some(SecretRef::File("/k".into()))),
            ),
        ] {
            assert_eq!(read(text), Ok(place.clone()), "{text}");
            let written = toml::Value::try_from(&place).expect("written");
            assert_eq!(read(&written.to_string()), Ok(place));
        }
    }

    #[test]
    fn other_words_are_refused_without_being_repeated() {
        for text in [
            "\"postgres://me:hunter2@db/x\"",
            "815",
            "{}",
            "{ seal_key = { env = \"K\" } }",
            "{ postgres = \"postgres://me:hunter2@db/x\" }",
            "{ postgres = { env = \"U\" }, seal_key = \"hunter2\" }",
            "{ postgres = { env = \"U\" }, key = { env = \"K\" } }",
        ] {
            let error = read(text).expect_err("refused");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn opening_touches_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::under(&folder.path().join("none"));
        let database = Place::Postgres {
            url: SecretRef::env("GATEPASS_NO_SUCH"),
            seal_key: None,
        };
        for place in [Place::File, Place::Keyring, Place::Memory, database] {
            let opened = place.open(&paths);
            let missing =
                cfg!(not(feature = "postgres")) && matches!(place, Place::Postgres { .. });
            assert_eq!(opened.is_err(), missing);
        }
        assert!(!folder.path().join("none").exists());
    }
}
