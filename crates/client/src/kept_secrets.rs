//! The secrets of profiles that gatepass itself has put into the keyring of the operating system.

use serde_json::Value;

use crate::tokens::Keyring;
use crate::{Config, KeyringEntry, Profile, SecretError, SecretRef};

impl Config {
    /// The secrets of a profile that gatepass has put into the OS keyring ([`SecretRef::store_in_keyring`]), and that no other
    /// profile or client here uses. What somebody else has put there is theirs.
    pub fn kept_secrets(&self, profile: &Profile) -> Vec<KeyringEntry> {
        let others = self
            .profiles
            .values()
            .filter(|own| own.name != profile.name);
        let mut used: Vec<KeyringEntry> = others.flat_map(entries).collect();
        used.extend(
            self.clients
                .iter()
                .filter_map(|client| match &client.client_secret {
                    Some(SecretRef::Keyring(entry)) => Some(entry.clone()),
                    _ => None,
                }),
        );
        let mut kept = entries(profile);
        kept.retain(|entry| entry.is_ours() && !used.contains(entry));
        kept
    }
}

impl KeyringEntry {
    /// Takes the secret out of the OS keyring; whether it was there.
    ///
    /// # Errors
    ///
    /// [`SecretError::Keyring`].
    pub async fn forget(&self) -> Result<bool, SecretError> {
        self.remove(&Keyring::of_this_user()).await
    }
}

/// The entries that a profile names, wherever it does.
fn entries(profile: &Profile) -> Vec<KeyringEntry> {
    let mut found = Vec::new();
    if let Ok(written) = serde_json::to_value(profile) {
        collect(&written, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<KeyringEntry>) {
    match value {
        Value::Object(members) => {
            let named = members.get("keyring").and_then(Value::as_str);
            found.extend(named.and_then(|text| text.parse().ok()));
            members.values().for_each(|value| collect(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::Config;

    #[test]
    fn only_what_is_ours_and_nobody_elses_goes_with_a_profile() {
        let text = r#"
            [[client]]
            issuer = "https://login.example"
            client_id = "c"
            client_secret = { keyring = "gatepass/secret client" }

            [profile.basic]
            method = "basic"
            username = "me"
            password = { keyring = "gatepass/secret basic password" }

            [profile.theirs]
            method = "basic"
            username = "me"
            password = { keyring = "git/me" }

            [profile.env]
            method = "bearer"
            token = { env = "T" }

            [profile.one]
            method = "oauth"
            issuer = "https://login.example"
            client_id = "c"
            client_secret = { keyring = "gatepass/secret client" }
            client_key = { keyring = "gatepass/secret one key" }
            grant = "password"
            username = "me"
            password = { keyring = "gatepass/secret shared" }

            [profile.two]
            method = "api_key"
            key = { keyring = "gatepass/secret shared" }
        "#;
        let config = Config::parse(text, Path::new("config.toml")).expect("profiles");
        for (name, kept) in [
            ("basic", vec!["gatepass/secret basic password"]),
            ("theirs", vec![]),
            ("env", vec![]),
            ("one", vec!["gatepass/secret one key"]),
            ("two", vec![]),
        ] {
            let profile = config.profile(Some(name)).expect(name);
            let found = config.kept_secrets(profile);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, kept, "{name}");
        }
    }
}
