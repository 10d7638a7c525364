//! A look over the settings and all that they name, without serving and without changing anything.

use gatepass_http::{Clock as _, HttpTransport, SystemClock};
use gatepass_listen::{Certificate, SOON};
use gatepass_proto::decide::record::SealedKey;
use gatepass_store::{Found, place};
use rustls::pki_types::ServerName;
use serde::Serialize;
use url::Url;

use crate::config::{Config, Tls};
use crate::given;
use crate::issuer::issuer;
use crate::keys::{Opened, Settings};
use crate::listen::{self, StartError};
use crate::mtls::{self, Certified};
use crate::proxy::Front;
use crate::seal::MasterKey;

/// What was found about one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The setting, as the configuration file calls it.
    pub setting: &'static str,
    /// What to think of it.
    pub verdict: Verdict,
    /// What was found, in words.
    pub text: String,
}

/// What to think of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// The server starts, but somebody should look.
    Warning,
    /// The server does not start, or does not work.
    Fault,
}

/// Looks over `config` and all that it names: whether files are there and make sense, whether the database can be reached and
/// its keys opened. Nothing is made, changed or listened on.
pub async fn check(config: &Config) -> Vec<Finding> {
    let issuer = issuer(config, config.listen);
    let mut found = Findings(Vec::new());
    found.judge(
        "issuer",
        issuer
            .as_ref()
            .map(|url| url.as_str().trim_end_matches('/').to_owned()),
    );
    found.certificate(config, issuer.as_ref().ok());
    let others = [
        ("mtls", issuer.as_ref().ok().map(|url| clients(config, url))),
        ("proxies", Some(Front::new(&config.proxies).map(|_| ()))),
        ("key_rotation", Some(Settings::of(config).map(|_| ()))),
        ("outbound", Some(outbound(config))),
        (
            "trusted_issuers",
            Some(given::trusted_issuers(config).map(|_| ())),
        ),
    ];
    for (setting, checked) in others {
        found.judge(
            setting,
            checked.unwrap_or(Ok(())).map(|()| "makes sense".to_owned()),
        );
    }
    let keys = found.database(config).await;
    found.master_key(config, &keys);
    found.0
}

fn clients(config: &Config, issuer: &Url) -> Result<(), StartError> {
    Certified::new(config, issuer, mtls::address(config)?).map(|_| ())
}

fn outbound(config: &Config) -> Result<(), StartError> {
    let made = HttpTransport::new(given::egress(config)?);
    made.map(|_| ())
        .map_err(|error| StartError::Config(error.to_string()))
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, setting: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.0.push(Finding {
            setting,
            verdict,
            text: text.into(),
        });
    }

    fn judge(&mut self, setting: &'static str, checked: Result<String, impl ToString>) {
        match checked {
            Ok(text) => self.add(setting, Verdict::Good, text),
            Err(error) => self.add(setting, Verdict::Fault, error.to_string()),
        }
    }

    fn certificate(&mut self, config: &Config, issuer: Option<&Url>) {
        let (cert, key) = match &config.tls {
            Tls::Off => return self.add("tls", Verdict::Good, "none"),
            Tls::Dev => return self.add("tls", Verdict::Good, "made for this machine"),
            Tls::Files { cert, key } => (cert, key),
        };
        let certificate = match Certificate::read(cert, key) {
            Ok(certificate) => certificate,
            Err(error) => return self.add("tls", Verdict::Fault, error.to_string()),
        };
        let now = SystemClock.now().as_secs();
        let end = certificate.expires().map(|end| end.as_secs());
        let left = end.map(|end| (end.saturating_sub(now), (end.saturating_sub(now)) / 86_400));
        match left {
            Some((0, _)) => self.add("tls", Verdict::Fault, "the certificate has expired"),
            Some((seconds, days)) if seconds < SOON.as_secs() => {
                let text = format!("the certificate expires in {days} days; replace it");
                self.add("tls", Verdict::Warning, text);
            }
            Some((_, days)) => self.add("tls", Verdict::Good, format!("good for {days} days")),
            None => self.add("tls", Verdict::Warning, "nobody can tell when it expires"),
        }
        let host = issuer.and_then(Url::host_str).unwrap_or_default();
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        if name.is_ok_and(|name| !certificate.is_for(&name)) {
            let text = format!("the certificate is not for {host}, the issuer's host");
            self.add("tls", Verdict::Warning, text);
        }
    }

    /// The keys in the database, as they lie there.
    async fn database(&mut self, config: &Config) -> Vec<SealedKey> {
        let place = place(&config.database);
        if let Err(error) = listen::refuse_dev_database(config) {
            self.add("database", Verdict::Fault, error.to_string());
            return Vec::new();
        }
        let (verdict, text, keys) = match gatepass_store::look(&config.database).await {
            Ok(Found::Nothing) => match config.database_file().is_none_or(|file| has_folder(&file))
            {
                true => (
                    Verdict::Good,
                    "the tables are made at the first start".to_owned(),
                    Vec::new(),
                ),
                false => (
                    Verdict::Fault,
                    "its folder is not there; make it".to_owned(),
                    Vec::new(),
                ),
            },
            Ok(Found::Older { steps }) => {
                let text = format!(
                    "the tables are of an older gatepass: the next start takes {steps} steps, after which the older one cannot use them; make a backup first"
                );
                (Verdict::Warning, text, Vec::new())
            }
            Ok(Found::Ours { keys }) => (
                Verdict::Good,
                "the tables are of this gatepass".to_owned(),
                keys,
            ),
            Err(error) => (Verdict::Fault, error.to_string(), Vec::new()),
        };
        self.add("database", verdict, format!("{place}: {text}"));
        keys
    }

    fn master_key(&mut self, config: &Config, keys: &[SealedKey]) {
        let source = match given::key_source(config) {
            Ok(Some(source)) => source,
            Ok(None) => {
                return self.add("master_key", Verdict::Good, "forgotten with the database");
            }
            Err(error) => return self.add("master_key", Verdict::Fault, error.to_string()),
        };
        let (verdict, text) = match MasterKey::find(&source) {
            Err(error) => (Verdict::Fault, error.to_string()),
            Ok(None) if keys.is_empty() => (
                Verdict::Good,
                format!("{source} is made at the first start"),
            ),
            Ok(None) => {
                let text = format!(
                    "{source} is not there, but the database has keys that only it opens; bring it back from a backup"
                );
                (Verdict::Fault, text)
            }
            Ok(Some(master)) => match Opened::open(keys.to_vec(), &master) {
                Ok(_) if keys.is_empty() => (Verdict::Good, format!("{source} is there")),
                Ok(_) => {
                    let text = format!("{source} opens the {} keys in the database", keys.len());
                    (Verdict::Good, text)
                }
                Err(error) => (Verdict::Fault, format!("{source}: {error}")),
            },
        };
        self.add("master_key", verdict, text);
    }
}

fn has_folder(file: &std::path::Path) -> bool {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.is_none_or(std::path::Path::is_dir)
}
