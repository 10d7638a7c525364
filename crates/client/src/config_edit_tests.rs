use std::path::Path;

use super::Change;
use crate::config::tests::FULL;
use crate::tokens::Place;
use crate::{Config, ConfigError, Credential, Paths, Profile, ProfileName, SecretRef};

fn written(text: &str) -> (tempfile::TempDir, Paths) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths::under(folder.path());
    std::fs::create_dir_all(&paths.config).expect("made");
    std::fs::write(paths.config_file(), text).expect("written");
    (folder, paths)
}

fn read(paths: &Paths) -> String {
    std::fs::read_to_string(paths.config_file()).expect("readable")
}

fn load(paths: &Paths) -> Config {
    Config::load(paths).expect("valid")
}

fn name(text: &str) -> ProfileName {
    text.parse().expect("a name")
}

fn profile(own: &str, credential: Credential) -> Profile {
    Profile {
        name: name(own),
        api: vec!["https://new.example".parse().expect("an origin")],
        ca: None,
        certificate: None,
        tokens: Place::default(),
        credential,
    }
}

fn change(paths: &Paths, own: &str, changes: &[(&str, &str)]) -> Result<Profile, ConfigError> {
    let changes: Vec<Change> = changes
        .iter()
        .map(|(member, value)| Change {
            member: (*member).to_owned(),
            value: (!value.is_empty()).then(|| (*value).to_owned()),
        })
        .collect();
    Config::change(paths, &name(own), &changes)
}

#[test]
fn what_is_written_reads_back() {
    let all = Config::parse(FULL, Path::new("config.toml")).expect("valid");
    let (_folder, paths) = written("");
    for profile in all.profiles.values() {
        Config::add(&paths, profile).expect("added");
    }
    assert_eq!(load(&paths).profiles, all.profiles, "{}", read(&paths));
}

#[test]
fn profiles_are_added_and_removed_and_comments_stay() {
    let (_folder, paths) = written(FULL);
    let before = load(&paths);
    let command = SecretRef::Command("pass show 'x y'".into());
    let own = profile("new.one", Credential::basic("me", command));
    Config::add(&paths, &own).expect("added");
    assert_eq!(load(&paths).profile(Some("new.one")), Ok(&own));
    assert!(
        read(&paths).starts_with(FULL),
        "what was there is untouched"
    );
    let again = Config::add(&paths, &own);
    assert_eq!(again, Err(ConfigError::Exists("new.one".into())));
    Config::remove(&paths, &own.name).expect("removed");
    assert_eq!(load(&paths), before);
    Config::remove(&paths, &name("old.basic")).expect("removed, its sub-table too");
    assert!(read(&paths).contains("# the important one"));
    assert_eq!(load(&paths).profiles.len(), 4);
    Config::remove(&paths, &name("work")).expect("removed, and it is the default no more");
    assert_eq!(load(&paths).default, None);
    assert!(read(&paths).contains("# my profiles"), "{}", read(&paths));
}

#[test]
fn a_comment_goes_with_its_profile_only_if_it_stands_directly_above() {
    let profile = "method = \"bearer\"\ntoken = { env = \"T\" }\n";
    let text = format!(
        "# of all\n\n# of a\n[profile.a]\n{profile}\n# others\n\n# of b\n[profile.b]\n{profile}\n# the end\n"
    );
    let (_folder, paths) = written(&text);
    Config::remove(&paths, &name("a")).expect("removed");
    let left = read(&paths);
    assert!(
        !left.contains("# of a\n") && left.contains("# of all\n"),
        "{left}"
    );
    assert!(left.contains("# others\n\n# of b\n[profile.b]"), "{left}");
    Config::remove(&paths, &name("b")).expect("removed");
    let left = read(&paths);
    assert!(
        left.contains("# of all\n") && left.contains("# others\n"),
        "{left}"
    );
    assert!(
        left.contains("# the end\n") && !left.contains("# of b"),
        "{left}"
    );
}

#[test]
fn a_profile_is_replaced_in_its_place() {
    let (_folder, paths) = written(FULL);
    let own = profile("maps", Credential::bearer(SecretRef::env("M")));
    Config::replace(&paths, &own).expect("replaced");
    assert_eq!(load(&paths).profile(Some("maps")), Ok(&own));
    let text = read(&paths);
    assert!(
        text.contains("# a key\n[profile.maps]\nmethod = \"bearer\"\n"),
        "{text}"
    );
    assert!(!text.contains("X-Maps-Key"), "{text}");
    let other = profile("other", Credential::bearer(SecretRef::env("M")));
    Config::replace(&paths, &other).expect("added");
    assert_eq!(load(&paths).profiles.len(), 6);
}

#[test]
fn the_default_is_set_and_comments_stay() {
    let (_folder, paths) = written(FULL);
    Config::set_default(&paths, &name("maps")).expect("set");
    assert_eq!(
        read(&paths),
        FULL.replace("default = \"work\"", "default = \"maps\"")
    );
    let missing = Config::set_default(&paths, &name("none"));
    assert!(matches!(missing, Err(ConfigError::NoProfile { .. })));
    let without = FULL.replace("default = \"work\"\n", "");
    let (_folder, paths) = written(&without);
    Config::set_default(&paths, &name("old.basic")).expect("set");
    assert_eq!(load(&paths).default, Some(name("old.basic")));
    assert_eq!(read(&paths), format!("default = \"old.basic\"\n{without}"));
}

#[test]
fn members_are_changed_and_the_rest_stays() {
    let (_folder, paths) = written(FULL);
    let changes = [
        ("scope", "a b"),
        ("api", "https://x.example https://y.example"),
        ("client_secret.command", "pass show work"),
        ("params.prompt", "consent"),
        ("params.login_hint", "me"),
        ("dpop", "true"),
        ("client_auth", ""),
    ];
    change(&paths, "work", &changes).expect("changed");
    let expected = FULL
        .replace("[\"https://api.example.com\", \"http://localhost:8000\"]", "[\"https://x.example\", \"https://y.example\"]")
        .replace("{ env = \"WORK_SECRET\" }", "{ command = \"pass show work\" }")
        .replace("client_auth = \"client_secret_post\"\n", "")
        .replace("scope = \"read write\"", "scope = \"a b\"")
        .replace(
            "resource = [\"https://api.example.com\"]\n",
            "resource = [\"https://api.example.com\"]\nparams = { prompt = \"consent\", login_hint = \"me\" }\ndpop = true\n",
        );
    assert_eq!(read(&paths), expected);
    change(&paths, "work", &[("params.prompt", "")]).expect("changed");
    assert!(
        read(&paths).contains("params = { login_hint = \"me\" }"),
        "{}",
        read(&paths)
    );

    // A table of its own becomes one line; numbers that are meant as text stay text.
    change(
        &paths,
        "old.basic",
        &[("password.file", "/p"), ("username", "815")],
    )
    .expect("changed");
    let old = load(&paths)
        .profile(Some("old.basic"))
        .expect("there")
        .clone();
    let expected = Credential::basic("815", SecretRef::File("/p".into()));
    assert_eq!(old.credential, expected, "{}", read(&paths));
    let whole = [
        ("method", "bearer"),
        ("token.env", "T"),
        ("username", ""),
        ("password", ""),
    ];
    let made = change(&paths, "old.basic", &whole).expect("changed");
    assert_eq!(made.credential, Credential::bearer(SecretRef::env("T")));
}

#[test]
fn a_change_that_makes_no_sense_changes_nothing() {
    let (_folder, paths) = written(FULL);
    for (member, value, complaint) in [
        ("scop", "read", "scop"),
        ("api", "http://x.example", "plain http"),
        ("api", "[\"http://x.example\"]", "plain http"),
        ("client_secret", "hunter2", "does not belong in this file"),
        ("client_secret.value", "hunter2", "client_secret"),
        ("username", "me", "username does not belong"),
        ("issuer", "", "issuer is missing"),
        ("redirect_uri", "", "no such member"),
        ("params.x", "", "no such member"),
        ("dpop", "perhaps", "dpop"),
        ("method", "magic", "magic"),
    ] {
        let error = change(&paths, "work", &[("scope", "x"), (member, value)]);
        let error = error.expect_err(member).to_string();
        assert!(
            error.contains(complaint) && !error.contains("hunter2"),
            "{member}: {error}"
        );
        assert!(
            !error.contains("config.toml:"),
            "that line is not written: {error}"
        );
        assert_eq!(read(&paths), FULL, "{member}");
    }
    assert!(change(&paths, "none", &[("scope", "x")]).is_err());
}

#[test]
fn a_bad_new_profile_has_no_line() {
    let (_folder, paths) = written(FULL);
    let own = profile(
        "bad",
        Credential::login("http://x.example/", "me", SecretRef::env("P")),
    );
    let error = Config::add(&paths, &own).expect_err("refused").to_string();
    assert_eq!(error.split(':').next(), Some("profile bad"), "{error}");
    assert!(
        error.contains("plain http") && error.ends_with("nothing was written"),
        "{error}"
    );
    assert_eq!(read(&paths), FULL);
}

#[test]
fn the_first_profile_makes_the_file_and_a_broken_one_is_not_touched() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths::under(folder.path());
    assert_eq!(Config::load(&paths), Ok(Config::default()));
    Config::add(
        &paths,
        &profile("a", Credential::bearer(SecretRef::env("A"))),
    )
    .expect("added");
    let given = profile("b", Credential::bearer(SecretRef::given("hunter2")));
    let error = Config::add(&paths, &given)
        .expect_err("refused")
        .to_string();
    assert!(
        !error.contains("hunter2") && !read(&paths).contains("hunter2"),
        "{error}"
    );
    std::fs::write(paths.config_file(), "[broken").expect("written");
    assert!(Config::add(&paths, &given).is_err());
    assert!(change(&paths, "a", &[("api", "https://x.example")]).is_err());
    assert_eq!(read(&paths), "[broken");
}

#[test]
fn what_somebody_wrote_is_installed_if_it_makes_sense_and_nobody_was_faster() {
    let (_folder, paths) = written(FULL);
    let before = Config::text(&paths).expect("read");
    let text = FULL.replace("# my profiles", "# mine");
    let broken = text.replace("[profile.work]", "[profile.work");
    let error = Config::install(&paths, &before, &broken).expect_err("refused");
    assert!(
        matches!(error, ConfigError::Malformed { line: 5, .. }),
        "{error}"
    );
    Config::install(&paths, &before, &text).expect("installed");
    assert_eq!(read(&paths), text);
    let error = Config::install(&paths, &before, FULL).expect_err("refused");
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(read(&paths), text);
}
