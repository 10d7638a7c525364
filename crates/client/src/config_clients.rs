//! Who we are at authorization servers that a resource names, as it stands in `config.toml`.

use gatepass_proto::ClientId;

use crate::profile::usable;
use crate::{Config, Discover, KnownClient};

impl Config {
    /// Who we are where a resource names its authorization server.
    pub fn discover(&self) -> Discover {
        Discover {
            clients: self.clients.clone(),
            client_metadata_url: self.client_metadata_url.clone(),
            ..Discover::default()
        }
    }
}

/// Reads the URL that is our `client_id` where servers fetch what describes us.
pub(crate) fn described(url: String) -> Result<String, String> {
    match ClientId::new(url.as_str()).is_url() {
        true => Ok(url),
        false => Err(format!(
            "client_metadata_url {url:?} is no https URL with a path, in its plain form and without fragment"
        )),
    }
}

pub(crate) fn known(client: &KnownClient, others: &[KnownClient]) -> Result<(), String> {
    usable(client.issuer.clone(), "issuer")?;
    if client.client_id.is_empty() {
        return Err("client_id is empty".to_owned());
    }
    match others.iter().any(|other| other.issuer == client.issuer) {
        true => Err(format!("there are two for issuer {:?}", client.issuer)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Config, SecretRef};

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("config.toml")).map_err(|error| error.to_string())
    }

    const CLIENT: &str = "[[client]]\nissuer = \"https://as.example\"\nclient_id = \"cl\"\n";

    #[test]
    fn clients_and_the_document_are_read() {
        let text = format!(
            "client_metadata_url = \"https://c.example/me.json\"\n{CLIENT}client_secret = {{ env = \"S\" }}\n\
             {}redirect_uri = \"http://127.0.0.1:8000/callback\"\n",
            CLIENT.replace("as.", "bs.")
        );
        let discover = parse(&text).expect("valid").discover();
        assert_eq!(
            discover.client_metadata_url.as_deref(),
            Some("https://c.example/me.json")
        );
        let secrets: Vec<_> = discover
            .clients
            .iter()
            .map(|own| &own.client_secret)
            .collect();
        assert_eq!(secrets, [&Some(SecretRef::env("S")), &None]);
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (text, place, reason) in [
            (
                "client_metadata_url = \"http://c.example/x\"".to_owned(),
                ":1:23",
                "https",
            ),
            (
                "client_metadata_url = \"https://c.example\"".to_owned(),
                ":1:23",
                "path",
            ),
            (
                "client_metadata_url = \"https://c.example/a/../b\"".to_owned(),
                ":1:23",
                "plain",
            ),
            (format!("{CLIENT}{CLIENT}"), ":4:1", "two for issuer"),
            (CLIENT.replace("https", "http"), ":1:1", "issuer"),
            (
                CLIENT.replace("\"cl\"", "\"\""),
                ":1:1",
                "client_id is empty",
            ),
            (format!("{CLIENT}scope = \"x\"\n"), ":4:1", "scope"),
            (
                format!("{CLIENT}client_secret = \"hunter2\"\n"),
                ":4:",
                "secret",
            ),
        ] {
            let error = parse(&text).expect_err(&text);
            assert!(
                error.contains(place) && error.contains(reason),
                "{text}: {error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
