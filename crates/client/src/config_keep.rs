//! What was found, as a profile.

use crate::config_edit::{appended, edit, replaced};
use crate::{Config, ConfigError, Found, Paths, Profile, ProfileName};

/// What becomes of what was found.
enum Place {
    /// It is the profile that is there.
    Same(Profile),
    /// It takes the place of the one that is there, whose resource has named another authorization server.
    Instead(Profile),
    New(Profile),
}

impl Config {
    /// Keeps what was found as a profile: the one that there is for the same resource, else a new one. However many programs find
    /// the same at once, it becomes one profile.
    ///
    /// Where the resource has named another authorization server than the profile has, the profile changes to that.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unwritable`], also where a person registered the profile's client at the server that it had; and those of
    /// [`Config::load`].
    pub fn keep(paths: &Paths, found: &Found) -> Result<Profile, ConfigError> {
        let mut kept = None;
        edit(paths, |text, config| {
            let (profile, text) = match config.place_of(found)? {
                Place::Same(profile) => (profile, text.to_owned()),
                Place::Instead(profile) => {
                    let text = replaced(text, &profile)?;
                    (profile, text)
                }
                Place::New(profile) => {
                    let text = appended(text, &profile)?;
                    (profile, text)
                }
            };
            kept = Some(profile);
            Ok(text)
        })?;
        kept.ok_or_else(|| ConfigError::Unwritable("no profile was made".into()))
    }

    /// The profile that [`Config::keep`] would keep now, for a login that decides whether there is to be one. Whoever finds the
    /// same meanwhile gets the same, so that they wait for one login.
    ///
    /// # Errors
    ///
    /// As [`Config::keep`].
    pub fn draft(&self, found: &Found) -> Result<Profile, ConfigError> {
        Ok(match self.place_of(found)? {
            Place::Same(profile) | Place::Instead(profile) | Place::New(profile) => profile,
        })
    }

    /// Whether this profile is there, and of the same resource and authorization server.
    pub(crate) fn has(&self, found: &Found, profile: &Profile) -> bool {
        let own = self.profiles.get(&profile.name);
        own.is_some_and(|own| found.is_of(own) && found.is_as(own))
    }

    fn place_of(&self, found: &Found) -> Result<Place, ConfigError> {
        let same = self.profiles.values().find(|own| found.is_of(own));
        Ok(match same {
            Some(own) if found.is_as(own) => Place::Same(own.clone()),
            Some(own) => {
                found.may_replace(own).map_err(ConfigError::Unwritable)?;
                Place::Instead(Profile {
                    credential: found.oauth().into(),
                    ..own.clone()
                })
            }
            None => Place::New(found.profile(free(&found.name(), self)?)),
        })
    }
}

/// This name, or the first with a number that no profile has.
fn free(name: &str, config: &Config) -> Result<ProfileName, ConfigError> {
    let numbered = (2..1000).map(|number| format!("{name}-{number}"));
    let names = std::iter::once(name.to_owned()).chain(numbered);
    let mut names = names.filter_map(|name| name.parse().ok());
    names
        .find(|name| !config.profiles.contains_key(name))
        .ok_or_else(|| ConfigError::Unwritable(format!("too many profiles are called {name}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gatepass_proto::message::metadata::ServerMetadata;
    use gatepass_proto::message::protected_resource::ProtectedResource;

    use crate::{Config, Credential, Found, FoundClient, KnownClient, Paths};

    fn found(resource: Option<&str>, issuer: &str) -> Found {
        Found {
            origin: "https://api.example".parse().expect("an origin"),
            resource: resource.map(|resource| ProtectedResource {
                resource: resource.to_owned(),
                ..ProtectedResource::default()
            }),
            issuer: issuer.to_owned(),
            server: Arc::new(ServerMetadata::default()),
            scope: Some("read offline_access".parse().expect("a scope")),
            client: FoundClient::Registers,
            ca: Some("/etc/ca.pem".into()),
        }
    }

    #[test]
    fn a_resource_is_one_profile_and_follows_its_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::under(folder.path());
        let keep = |resource, issuer| {
            let kept = Config::keep(&paths, &found(resource, issuer));
            kept.expect("kept").name.to_string()
        };
        let api = Some("https://api.example/v1");
        assert_eq!(keep(api, "https://a.example"), "api.example-v1");
        assert_eq!(keep(api, "https://a.example"), "api.example-v1");
        assert_eq!(keep(None, "https://api.example"), "api.example");
        assert_eq!(
            keep(Some("https://api.example/v1/"), "https://a.example"),
            "api.example-v1-2"
        );
        assert_eq!(
            keep(Some("https://api.example/%2e.~"), "https://a.example"),
            "api.example-2e"
        );
        assert_eq!(keep(api, "https://b.example"), "api.example-v1");
        let config = Config::load(&paths).expect("profiles");
        assert_eq!(config.profiles.len(), 4);
        let profile = config.profile(Some("api.example-v1")).expect("there");
        let Credential::OAuth(oauth) = &profile.credential else {
            panic!("{profile:?}")
        };
        assert_eq!(oauth.issuer.as_deref(), Some("https://b.example"));
        assert_eq!(
            oauth.params.get("prompt").map(String::as_str),
            Some("consent")
        );
        assert!(oauth.discovered && profile.ca.is_some());
        assert_eq!(
            **oauth,
            found(api, "https://b.example").oauth(),
            "it reads back"
        );
    }

    #[test]
    fn a_client_that_somebody_registered_is_not_taken_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::under(folder.path());
        let known = |issuer: &str| Found {
            client: FoundClient::Known(KnownClient {
                issuer: issuer.to_owned(),
                client_id: "known".to_owned(),
                client_secret: None,
                client_auth: None,
                redirect_uri: None,
            }),
            ..found(Some("https://api.example"), issuer)
        };
        Config::keep(&paths, &known("https://a.example")).expect("kept");
        let before = Config::text(&paths).expect("readable");
        for other in [
            known("https://b.example"),
            found(Some("https://api.example"), "https://b.example"),
        ] {
            let error = Config::keep(&paths, &other)
                .expect_err("refused")
                .to_string();
            for part in ["https://a.example", "https://b.example", "known"] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
        assert_eq!(Config::text(&paths).expect("readable"), before);
    }

    #[test]
    fn every_resource_has_a_name() {
        for (resource, name) in [
            ("https://api.example:8443/mcp/x", "api.example-8443-mcp-x"),
            ("http://127.0.0.1:8080/", "127.0.0.1-8080"),
            ("https://[::1]/a", "1-a"),
            ("https://api.example/.../-", "api.example"),
        ] {
            let found = found(Some(resource), "https://a.example");
            assert_eq!(found.name(), name, "{resource}");
            found.name().parse::<crate::ProfileName>().expect(resource);
        }
        let long = format!("https://api.example/{}", "x".repeat(200));
        let name = found(Some(&long), "https://a.example").name();
        assert!(
            format!("{name}-999").parse::<crate::ProfileName>().is_ok(),
            "{name}"
        );
    }
}
