use std::fs;
use std::time::Duration;

use gatepass_proto::endpoint::register::RegistrationPolicy;
use gatepass_settings::Reference;

use super::{Config, ConfigError, Table};
use crate::config::{KeySource, Tls};

/// The file that ships.
const REFERENCE: Reference = Reference {
    text: include_str!("../../../../../packaging/server.toml"),
    free: &["master_key", "trusted_issuers"],
    lists: &[],
};

/// What `text` in a file and these variables make.
fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server.toml");
    fs::write(&path, text).expect("written");
    let variables = variables
        .iter()
        .map(|(name, value)| (format!("GATEPASS_SERVE_{name}"), (*value).to_owned()));
    Config::read(Some(&path), variables)
}

/// Why it is not taken, without the folder.
fn fault(text: &str, variables: &[(&str, &str)]) -> String {
    let said = match read(text, variables) {
        Ok(config) => panic!("{text}: {config:?}"),
        Err(error) => error.to_string(),
    };
    let at = said.find("server.toml:").unwrap_or_default();
    said[at..].to_owned()
}

fn written(config: &Config) -> Table {
    Table::try_from(config).expect("a table")
}

#[test]
fn the_reference_has_every_setting_and_no_other() {
    REFERENCE.is_complete::<Config>(20);
}

#[test]
fn the_reference_says_what_is_so_without_it() {
    // What nobody registers by is what a table with nothing in it says.
    let usual = Config {
        registration: Some(RegistrationPolicy::default()),
        ..Config::default()
    };
    let shipped = read(REFERENCE.text, &[]).expect("the reference is good as it is");
    assert_eq!(written(&shipped), written(&usual));

    // What has no default stands there as an example, which has to make sense too.
    let mut examples = REFERENCE.in_force();
    examples["tls"]
        .as_table_mut()
        .expect("a table")
        .remove("dev");
    let read: Config = examples.clone().try_into().expect("settings");
    assert!(matches!(read.tls, Tls::Files { .. }));
    let told = REFERENCE.told();
    for (path, value) in REFERENCE
        .leaves(&written(&usual))
        .into_iter()
        .filter(|(path, _)| !path.contains("trusted_issuers"))
    {
        let shown = told.iter().find(|(own, _)| *own == path);
        assert_eq!(shown.map(|(_, value)| value), Some(&value), "{path}");
    }
}

#[test]
fn each_place_comes_before_the_next() {
    let text = "listen = '127.0.0.1:1'\n[lifetimes]\naccess_token = '5m'\ncode = '30s'\n";
    let config = read(
        text,
        &[("LISTEN", "127.0.0.1:2"), ("LIFETIMES__CODE", "20s")],
    );
    let config = config.expect("good");
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.lifetimes.access_token, Duration::from_secs(300));
    assert_eq!(config.lifetimes.code, Duration::from_secs(20));
    assert_eq!(config.lifetimes.refresh, Duration::from_secs(90 * 86_400));
    let empty = Config::read(None, []).expect("good");
    assert_eq!(written(&empty), written(&Config::default()));
}

#[test]
fn variables_are_text_or_toml() {
    let config = read(
        "",
        &[
            ("OUTBOUND__ALLOW_PRIVATE_HOSTS", "true"),
            ("REQUESTS__AUTHORIZATION_DETAILS_TYPES", "['a', 'b']"),
            ("DEFAULT_AUDIENCE", "1979-05-27"),
            ("ISSUER", "https://login.example.com"),
            ("TRUSTED_ISSUERS", "{ 'https://a.example' = '/a.json' }"),
            ("MASTER_KEY__COMMAND", "['pass', 'show', 'x']"),
        ],
    );
    let config = config.expect("good");
    assert!(config.outbound.allow_private_hosts);
    assert_eq!(config.requests.authorization_details_types, ["a", "b"]);
    assert_eq!(config.default_audience.as_deref(), Some("1979-05-27"));
    assert_eq!(config.issuer.as_deref(), Some("https://login.example.com"));
    assert_eq!(config.trusted_issuers.len(), 1);
    let words = ["pass", "show", "x"].map(str::to_owned).to_vec();
    assert_eq!(config.master_key, Some(KeySource::Command(words)));
}

#[test]
fn what_belongs_together_comes_from_one_place() {
    let text = "master_key = { file = '/a' }\n[tls]\ndev = true\n";
    let variables = [
        ("MASTER_KEY__ENV", "KEY"),
        ("TLS__CERT", "/cert"),
        ("TLS__KEY", "/key"),
    ];
    let config = read(text, &variables).expect("good");
    assert_eq!(config.master_key, Some(KeySource::Env("KEY".to_owned())));
    assert!(matches!(config.tls, Tls::Files { .. }));
    let said = fault(
        "[tls]\ncert = '/cert'\nkey = '/key'\n",
        &[("TLS__KEY", "/other")],
    );
    assert!(said.contains("cert and key belong together"), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    for (text, said) in [
        (
            "\nlisen = '127.0.0.1:1'",
            "server.toml:2:1: unknown setting \"lisen\"; did you mean \"listen\"?",
        ),
        (
            "[lifetimes]\naccess = '5m'",
            "server.toml:2:1: unknown setting \"access\"; did you mean \"access_token\"?",
        ),
        (
            "zzz = 1",
            "server.toml:1:1: unknown setting \"zzz\"; every setting there is stands in the reference file server.toml",
        ),
        (
            "[lifetimes]\ncode = 30",
            "server.toml:2:8: invalid type: integer `30`, expected a string",
        ),
        (
            "[lifetimes]\ncode = '30'",
            "server.toml:2:8: \"30\" is not a time span; write one like \"30s\", \"10m\" or \"90d\"",
        ),
        (
            "[tls]\ncert = 'x'",
            "server.toml:1:1: tls: cert and key belong together; give both in the same place",
        ),
    ] {
        assert_eq!(fault(text, &[]), said, "{text}");
    }
    for text in [
        "listen = '",
        "listen = 'nowhere'",
        "dev = true",
        "listen = '127.0.0.1:1'\nlisten = '127.0.0.1:1'",
    ] {
        assert!(fault(text, &[]).starts_with("server.toml:"), "{text}");
    }
    assert!(fault(&"#".repeat(2 << 20), &[]).contains("larger than"));
    let missing = Config::read(Some("/no/such/server.toml".as_ref()), []);
    let missing = missing.expect_err("no file").to_string();
    assert!(missing.contains("/no/such/server.toml"), "{missing}");
}

#[test]
fn a_variable_that_makes_no_sense_is_named() {
    for (name, value, said) in [
        (
            "LISEN",
            "x",
            "unknown setting \"lisen\"; did you mean \"listen\"?",
        ),
        ("LIFETIMES__CODE", "soon", "is not a time span"),
        ("LIFETIMES", "1", "invalid type"),
        ("TLS__CERT", "/cert", "belong together"),
        (
            "MASTER_KEY",
            "hunter2",
            "the key itself does not belong here",
        ),
        ("", "x", "unknown setting"),
    ] {
        let text = fault("", &[(name, value)]);
        assert!(
            text.starts_with("environment variable GATEPASS_SERVE_"),
            "{text}"
        );
        assert!(text.contains(said), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn secrets_do_not_belong_in_the_file() {
    for text in [
        "database = 'postgres://me:hunter2@db.example/x'",
        "database = 'postgres://db.example/x?password=hunter2'",
        "master_key = 'hunter2'",
        "master_key = { key = 'hunter2' }",
        "master_key = { file = '/a', env = 'hunter2' }",
        "master_key = 815",
    ] {
        let said = fault(text, &[]);
        assert!(said.contains("belong"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("815"), "{said}");
    }
    // The environment is where it may stand.
    let database = "postgres://me:hunter2@db.example/x";
    assert_eq!(
        read("", &[("DATABASE", database)]).expect("good").database,
        database
    );
}
