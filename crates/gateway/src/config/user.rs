use gatepass_guard::passwords::HashedPassword;
use gatepass_proto::Scope;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// The longest name, in bytes.
const MAX_LEN: usize = 256;

/// Somebody who may come with a name and a password (RFC 7617). Only the hash of it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// What they send, and on whose behalf they act; no two are called the same.
    pub name: String,
    /// The Argon2id hash of their password, as its PHC string.
    #[serde(with = "phc")]
    pub password_hash: HashedPassword,
    /// What the password opens.
    #[serde(default)]
    pub scope: Scope,
}

impl UserEntry {
    /// Whether anybody could be called so.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub fn check_name(name: &str) -> Result<(), ConfigError> {
        let plain = !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
        if !plain || name.contains(':') || name.len() > MAX_LEN {
            let reason = format!(
                "expected 1 to {MAX_LEN} bytes of text, without a colon (RFC 7617), spaces around it or control characters"
            );
            return Err(ConfigError::setting("user.name", reason));
        }
        Ok(())
    }
}

/// Whether every user is good by itself, and called otherwise than the others.
pub(super) fn agree(users: &[UserEntry]) -> Result<(), ConfigError> {
    for (place, user) in users.iter().enumerate() {
        UserEntry::check_name(&user.name)?;
        let mut before = users.iter().take(place);
        if before.any(|other| other.name == user.name) {
            let reason = format!(
                "two of them are called {:?}; give each its own name",
                user.name
            );
            return Err(ConfigError::setting("user", reason));
        }
    }
    Ok(())
}

/// A hash as it stands in the file. No fault repeats what stands there: it might be the password.
mod phc {
    use gatepass_guard::passwords::{HashFault, HashedPassword};
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        hash: &HashedPassword,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(hash)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HashedPassword, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash: Result<HashedPassword, HashFault> = text.parse();
        let bounded = hash.and_then(|hash| hash.check_bounds().map(|()| hash));
        bounded.map_err(|fault| {
            de::Error::custom(format!("{fault}; `gatepass guard new-user` makes one"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{UserEntry, agree};
    use crate::config::Config;

    const HASH: &str =
        "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHQxMjM0$1tgxQ0wLbhWTYb9Jdujp4ZZT0UCkmFsy04ATjf1yiU8";

    fn table(name: &str, hash: &str) -> String {
        format!("[[user]]\nname = {name:?}\npassword_hash = '{hash}'\nscope = 'read'\n")
    }

    fn entries(text: &str) -> Result<Vec<UserEntry>, String> {
        let read = toml::from_str(text).map(|config: Config| config.user);
        read.map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_password_is_its_hash() {
        let read = entries(&table("nightly", HASH)).expect("a table");
        let [user] = read.as_slice() else {
            panic!("one user: {read:?}");
        };
        assert_eq!(user.password_hash.to_string(), HASH);
        let huge = HASH.replace("m=256", "m=4194304");
        for (wrong, said) in [
            ("hunter2", "expected the Argon2id hash"),
            ("", "expected the Argon2id hash"),
            ("$2b$12$hunter2", "expected the Argon2id hash"),
            (&*huge, "costs too much"),
        ] {
            let error = entries(&table("nightly", wrong)).expect_err(wrong);
            assert!(error.contains(said), "{error}");
            assert!(error.contains("gatepass guard new-user"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let bare = "[[user]]\nname = 'a'\npassword = 'hunter2'\n";
        let error = entries(bare).expect_err("no hash");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_name_is_one_that_can_be_sent() {
        for name in ["nightly", "Jörg", "a b", "it's #1"] {
            agree(&entries(&table(name, HASH)).expect("a table")).expect(name);
        }
        for name in ["", " ", " a", "a\n", "a:b", &"a".repeat(257)] {
            let read = entries(&table(name, HASH)).expect("a table");
            let error = agree(&read).expect_err(name).to_string();
            assert!(error.starts_with("user.name: expected"), "{error}");
        }
        let twice = table("a", HASH) + &table("b", HASH) + &table("a", HASH);
        let error = agree(&entries(&twice).expect("tables")).expect_err("twice");
        assert!(
            error
                .to_string()
                .starts_with("user: two of them are called \"a\"")
        );
    }
}
