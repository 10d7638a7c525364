use std::path::Path;

use super::{Config, ConfigError};
use crate::{ApiKey, Credential, Grant, KeyPlace, SecretRef};

/// A profile of every method, as people write them.
pub(crate) const FULL: &str = r#"
# my profiles
default = "work"

[profile.work] # the important one
method = "oauth"
api = ["https://api.example.com", "http://localhost:8000"]
ca = "/etc/ca.pem"
issuer = "https://login.example.com"
client_id = "cl_1"
client_secret = { env = "WORK_SECRET" }
client_auth = "client_secret_post"
scope = "read write"
resource = ["https://api.example.com"]

[profile.service]
method = "oauth"
token_endpoint = "https://login.example.com/token"
client_id = "cl_2"
grant = "client_credentials"
client_secret = { command = "pass show service" }

# a key
[profile.maps]
method = "api_key"
api = ["https://maps.example.com"]
key = { file = "/run/key" }
header = "X-Maps-Key"

[profile."old.basic"]
method = "basic"
api = ["https://old.example.com"]
username = "me"

[profile."old.basic".password]
env = "OLD"

[profile.form]
method = "login"
api = ["https://form.example.com"]
url = "https://form.example.com/auth/token"
style = "json"
username = "me"
password = { env = "FORM" }
token_pointer = "/data/token"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("config.toml"))
}

fn refused(text: &str) -> String {
    parse(text).expect_err("refused").to_string()
}

#[test]
fn every_method_is_read() {
    let config = parse(FULL).expect("valid");
    let Credential::OAuth(oauth) = &config.profile(None).expect("default").credential else {
        panic!("not OAuth");
    };
    assert_eq!(oauth.client_secret, Some(SecretRef::env("WORK_SECRET")));
    assert_eq!(
        oauth.grant,
        Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into()
        }
    );
    let scope = oauth.scope.as_ref().expect("a scope");
    assert_eq!(scope.to_string(), "read write");
    let maps = &config.profile(Some("maps")).expect("there").credential;
    assert!(
        matches!(maps, Credential::ApiKey(ApiKey { place: KeyPlace::Header(name), .. }) if name == "x-maps-key")
    );
    assert_eq!(config.profiles.len(), 5);
}

#[test]
fn a_profile_is_found_by_url() {
    let config = parse(FULL).expect("valid");
    let found = |url: &str| {
        config
            .profile_for(&url.parse().expect("a URL"))
            .map(|found| found.map(|profile| profile.name.to_string()))
    };
    assert_eq!(found("https://maps.example.com/x"), Ok(Some("maps".into())));
    assert_eq!(found("https://maps.example.com:444/x"), Ok(None));
    assert_eq!(
        found("https://login.example.com/"),
        Ok(None),
        "the issuer's origin is not implied"
    );
    let twice = parse(&FULL.replace("https://form.example.com\"]", "https://maps.example.com\"]"))
        .expect("valid");
    let error = twice
        .profile_for(&"https://maps.example.com/".parse().expect("a URL"))
        .expect_err("ambiguous");
    assert!(error.to_string().contains("form, maps"), "{error}");
    let missing = config
        .profile(Some("wrk"))
        .expect_err("missing")
        .to_string();
    assert!(
        missing.contains("\"wrk\"") && missing.contains("work"),
        "{missing}"
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, place, words) in [
        (
            "[profile.a]\nmethod = \"oath\"",
            "config.toml:1:",
            "expected one of basic,",
        ),
        (
            "[profile.a]\nmethod = \"basic\"\nusername = \"me\"",
            "config.toml:1:",
            "profile a: password is missing",
        ),
        (
            "[profile.a]\nmethod = \"bearer\"\ntoken = { env = \"A\" }\nissuer = \"https://x\"",
            "config.toml:1:",
            "issuer does not belong to method bearer",
        ),
        (
            "[profile.a]\nmethod = \"basic\"\nusrname = \"me\"",
            "config.toml:3:1:",
            "unknown member \"usrname\"; did you mean \"username\"?",
        ),
        (
            "[profile.a]\nmethod = \"basic\"\napi = [\"http://x.example\"]",
            "config.toml:3:",
            "plain http",
        ),
        (
            "[profile.a]\nmethod = \"basic\"\napi = [\"https://x.example/v1\"]",
            "config.toml:3:",
            "expected an origin",
        ),
        (
            "[profile.a]\nmethod = \"login\"\nurl = \"http://x.example/\"",
            "config.toml:1:",
            "url: plain http",
        ),
        (
            "[profile.a]\nmethod = \"oauth\"\nclient_id = \"c\"",
            "config.toml:1:",
            "issuer is missing",
        ),
        (
            "[profile.a]\nmethod = \"oauth\"\nissuer = \"https://x\"\nclient_id = \"c\"\nclient_auth = \"magic\"",
            "config.toml:1:",
            "client_secret_basic",
        ),
        (
            "[profile.\"../x\"]\nmethod = \"basic\"",
            "config.toml:1:",
            "is not a profile name",
        ),
        ("[profile.a\nmethod = 1", "config.toml:1:", ""),
        ("profiles = 1", "config.toml:1:1:", "profiles"),
    ] {
        let error = refused(text);
        assert!(
            error.starts_with(place) && error.contains(words),
            "{text}\n{error}"
        );
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for line in [
        "password = \"hunter2\"",
        "password = { value = \"hunter2\" }",
        "password = { env = \"A\", file = \"hunter2\" }",
        "password = [\"hunter2\"]",
    ] {
        let error = refused(&format!(
            "[profile.a]\nmethod = \"basic\"\nusername = \"me\"\n{line}"
        ));
        assert!(
            error.starts_with("config.toml:4:") && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn the_closest_of_what_was_found_is_meant() {
    let entry = |name: &str, resource: &str| {
        format!(
            "[profile.{name}]\nmethod = \"oauth\"\napi = [\"https://api.example\"]\nissuer = \"https://as.example\"\n\
             discovered = true\nresource = [{resource:?}]\n"
        )
    };
    let text = entry("inner", "https://api.example/a/b")
        + &entry("outer", "https://api.example/a")
        + "[profile.key]\nmethod = \"api_key\"\napi = [\"https://api.example\"]\nkey = { env = \"K\" }\n";
    let config = parse(&text).expect("valid");
    for (path, name) in [
        ("/a/b/c", "inner"),
        ("/a/b", "inner"),
        ("/a/bc", "outer"),
        ("/a", "outer"),
        ("/ab", "key"),
        ("/", "key"),
    ] {
        let url = format!("https://api.example{path}").parse().expect("a URL");
        let found = config.profile_for(&url).expect("one").expect("some");
        assert_eq!(found.name.as_str(), name, "{path}");
    }
    for wrong in [
        entry("x", "not a url"),
        entry("x", "https://api.example").replace(
            "issuer = \"https://as.example\"",
            "token_endpoint = \"https://as.example\"",
        ),
        entry("x", "https://api.example") + "grant = \"client_credentials\"\nclient_id = \"c\"\n",
    ] {
        assert!(parse(&wrong).is_err(), "{wrong}");
    }
}
