use std::fs;

use gatepass_settings::Reference;
use toml::Table;

use super::{Config, ConfigError};

/// The file that ships.
const REFERENCE: Reference = Reference {
    text: include_str!("../../../../packaging/guard.toml"),
    free: &["client_secret", "key", "allow", "params"],
    lists: &["issuer", "api_key", "user", "rule"],
};

fn read(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("guard.toml");
    fs::write(&path, text).expect("written");
    Config::read(&path)
}

/// Why it is not taken, without the folder.
fn fault(text: &str) -> String {
    let said = read(text).expect_err(text).to_string();
    let at = said.find("guard.toml:").unwrap_or_default();
    said[at..].to_owned()
}

#[test]
fn the_reference_has_every_setting_and_no_other() {
    REFERENCE.is_complete::<Config>(60);
}

#[test]
fn the_reference_says_what_is_so_without_it() {
    let shipped = read(REFERENCE.text).expect("the reference is good as it is");
    assert_eq!(shipped, Config::default());

    // What has no default stands there as an example, which has to make sense too.
    let _: Config = REFERENCE.in_force().try_into().expect("settings");
    let least = "[[issuer]]\nissuer = 'https://login.example.com'\n\
                 introspection = { client_id = 'weather-guard', client_secret = { file = '/etc/gatepass/introspection.secret' } }\n\
                 [[api_key]]\nname = 'nightly-report'\nsubject = 'nightly-report'\n\
                 sha256 = '5f0c6a1e9b7d4238c0e1f5a49d3b8276e4c7a0915d2f8b63170e9ca4b85d26f3'\n\
                 [[user]]\nname = 'nightly'\n\
                 password_hash = '$argon2id$v=19$m=19456,t=2,p=1$wiOXlC7xAnR5sxn1LnmPgw$4BqPVsk5iKYZ7Qz1mH6HkGqLJhlVCyyxYwbWsDzqGpM'\n\
                 [[rule]]\npath = '/admin/**'\n[identity.jwt]\n\
                 [login]\nissuer = 'https://login.example.com'\nclient_id = 'weather'\n\
                 allow = { email_domains = ['example.com'] }\n[login.params]\nhd = 'example.com'\n";
    let least = read(least).expect("settings");
    let least: Table = toml::from_str(&least.to_toml().expect("TOML")).expect("TOML");
    let told = REFERENCE.told();
    for (path, value) in REFERENCE.leaves(&least) {
        let shown = told.iter().find(|(own, _)| *own == path);
        let shown = shown.unwrap_or_else(|| panic!("{path} is not told"));
        // Of whom to let in there is one of several examples.
        assert!(path == "login.allow" || shown.1 == value, "{path}: {value}");
    }
}

#[test]
fn what_is_written_reads_back() {
    let all: Config = REFERENCE.in_force().try_into().expect("settings");
    let again = read(&all.to_toml().expect("TOML")).expect("settings");
    assert_eq!(again, all);
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    for (text, said) in [
        (
            "\nupstram = 'http://a'",
            "guard.toml:2:1: unknown setting \"upstram\"; did you mean \"upstream\"?",
        ),
        (
            "[[rule]]\npath = '/a'\nscopes = 'x'",
            "guard.toml:3:1: unknown setting \"scopes\"; did you mean \"scope\"?",
        ),
        (
            "zzz = 1",
            "guard.toml:1:1: unknown setting \"zzz\"; every setting there is stands in the reference file guard.toml",
        ),
        (
            "[limits]\nidle_timeout = '30'",
            "guard.toml:2:16: \"30\" is not a time span; write one like \"30s\", \"10m\" or \"90d\"",
        ),
        (
            "[[rule]]\npath = 'admin'",
            "guard.toml:2:8: a path pattern begins with a slash, as in /admin/**",
        ),
        (
            "[proxies]\ntrusted = ['10.0.0.1/8']",
            "guard.toml:2:11: \"10.0.0.1/8\" has an address beyond its prefix; did you mean 10.0.0.0/8?",
        ),
    ] {
        assert_eq!(fault(text), said, "{text}");
    }
    for text in [
        "listen = '",
        "upstream = 'nowhere'",
        "forward_auth = ['apache']",
        "[[rule]]\nscope = 'x'",
        "[[rule]]\npath = '/a'\naccess = 'maybe'",
        "[[issuer]]\naudience = 'x'",
    ] {
        assert!(fault(text).starts_with("guard.toml:"), "{text}");
    }
    assert!(fault(&"#".repeat(2 << 20)).contains("larger than"));
    let missing = Config::read("/no/such/guard.toml".as_ref()).expect_err("no file");
    assert!(missing.to_string().contains("/no/such/guard.toml"));
}

#[test]
fn secrets_do_not_belong_in_the_file() {
    for text in [
        "[[issuer]]\nissuer = 'https://a'\nintrospection = { client_id = 'x', client_secret = 'hunter2' }",
        "[identity.jwt]\nkey = 'hunter2'",
        "[login]\nissuer = 'https://a'\nclient_id = 'x'\nallow = 'everyone'\nclient_secret = 'hunter2'",
    ] {
        let said = fault(text);
        assert!(said.contains("does not belong in this file"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn settings_that_do_not_agree_are_found() {
    for (text, setting) in [
        ("", "upstream"),
        ("forward_auth = ['nginx']", "forward_auth"),
        (
            "upstream = 'http://a'\n[limits]\nmax_header_bytes = 40000",
            "limits.max_header_bytes",
        ),
        (
            "upstream = 'http://a'\n[[issuer]]\nissuer = 'https://a'\n[[issuer]]\nissuer = 'https://a'",
            "issuer",
        ),
        (
            "upstream = 'http://a'\ndpop = false\ndpop_nonces = true",
            "dpop_nonces",
        ),
        ("upstream = 'http://a'\n[tls]\ncert = 'x'", "tls"),
        (
            "upstream = 'http://a'\n[tls]\ncert = 'x'\nkey = 'y'\ndev = true",
            "tls",
        ),
    ] {
        let error = read(text).expect("read").agree().expect_err(text);
        assert!(error.to_string().starts_with(setting), "{error}");
    }
}
