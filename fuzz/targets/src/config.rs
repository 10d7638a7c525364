//! `config.toml`: a profile that is read can be written and is the same then, and a change changes nothing else.

use std::fs;
use std::path::Path;

use gatepass_client::{Change, Config, Paths, Profile, ProfileName};
use tempfile::TempDir;

use crate::world;

/// The most profiles of one file that are looked at.
const MOST: usize = 4;

thread_local! {
    static FOLDER: TempDir = world::folder();
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    FOLDER.with(|folder| {
        let paths = Paths::under(folder.path());
        fs::create_dir_all(&paths.config).expect("a folder");
        if let Some(config) = load(&paths, text) {
            for profile in config.profiles.values().take(MOST) {
                is_written(&paths, profile);
            }
            if let Some(name) = config.profiles.keys().next() {
                is_edited(&paths, text, &config, name);
            }
        }
    });
}

/// The profiles of this text.
fn load(paths: &Paths, text: &str) -> Option<Config> {
    fs::write(paths.config_file(), text).expect("written");
    match Config::load(paths) {
        Ok(config) => Some(config),
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("config.toml"), "{said}");
            None
        }
    }
}

fn is_written(paths: &Paths, profile: &Profile) {
    let profiles = [(profile.name.as_str(), profile)];
    let document = [("profile", std::collections::BTreeMap::from(profiles))];
    let document = std::collections::BTreeMap::from(document);
    let text = toml::to_string(&document).expect("writes");
    let read = load(paths, &text).expect("reads back");
    assert_eq!(read.profiles.get(&profile.name), Some(profile), "{text}");
}

fn is_edited(paths: &Paths, text: &str, config: &Config, name: &ProfileName) {
    let again = || fs::write(paths.config_file(), text).expect("written");
    again();
    if Config::set_default(paths, name).is_ok() {
        let mut expected = config.clone();
        expected.default = Some(name.clone());
        assert_eq!(Config::load(paths).as_ref(), Ok(&expected));
    }
    again();
    let change = Change {
        member: "ca".to_owned(),
        value: Some("/etc/ca.pem".to_owned()),
    };
    if let Ok(changed) = Config::change(paths, name, &[change]) {
        assert_eq!(changed.ca.as_deref(), Some(Path::new("/etc/ca.pem")));
        let mut expected = config.clone();
        let own = expected.profiles.get_mut(name).expect("the profile");
        own.ca.clone_from(&changed.ca);
        assert_eq!(Config::load(paths).as_ref(), Ok(&expected));
    }
    again();
    Config::remove(paths, name).expect("removed");
    let mut expected = config.clone();
    expected.profiles.remove(name);
    if expected.default.as_ref() == Some(name) {
        expected.default = None;
    }
    assert_eq!(Config::load(paths), Ok(expected));
}
