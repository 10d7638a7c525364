//! What a configuration names, read and made usable: certificates, keys, terms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatepass_http::{Clock as _, Egress, OsEntropy, SystemClock};
use gatepass_proto::decide::rules::TrustedIssuer;
use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy};
use gatepass_proto::jose::KeySet;

use crate::config::{Config, MASTER_KEY, Tls};
use crate::dev;
use crate::listen::StartError;
use crate::seal::MasterKey;
use crate::tls::{TlsError, dev_tls, tls_from_files};

/// On what terms clients register themselves. Where the policy names no scope, it is those that the metadata names.
pub(crate) fn policy(config: &Config) -> RegistrationPolicy {
    let open = || RegistrationPolicy {
        admission: Admission::Open,
        require_pkce: false,
        ..RegistrationPolicy::default()
    };
    let given = config.registration.clone();
    let mut policy = given.unwrap_or_else(|| config.dev.then(open).unwrap_or_default());
    if policy.scope.is_empty() {
        let named = dev::scopes(config.dev).join(" ");
        policy.scope = named.parse().unwrap_or_default();
    }
    policy
}

/// What connections are sealed with, and the file of the authority that is made for this machine.
type Transport = (Option<Arc<rustls::ServerConfig>>, Option<PathBuf>);

pub(crate) fn transport(config: &Config) -> Result<Transport, StartError> {
    let fault = |error: TlsError| StartError::Tls(error.to_string());
    match &config.tls {
        Tls::Off => Ok((None, None)),
        Tls::Files { cert, key } => Ok((Some(tls_from_files(cert, key).map_err(fault)?), None)),
        Tls::Dev => {
            let file = config.database_file().ok_or_else(|| {
                let text = "development certificates are kept beside the database; give it a path";
                StartError::Config(text.to_owned())
            })?;
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new("."));
            let dev = dev_tls(folder, SystemClock.now()).map_err(fault)?;
            Ok((Some(dev.config), Some(dev.ca)))
        }
    }
}

/// The master key's file; a database in memory is gone with the process, and so may its key be. One behind a server has
/// nothing beside it, and all nodes need the same key.
pub(crate) fn master_key(config: &Config) -> Result<MasterKey, StartError> {
    let fault = |error: String| StartError::Keys(error);
    match config
        .master_key
        .clone()
        .or_else(|| config.beside_database(MASTER_KEY))
    {
        Some(path) => MasterKey::load_or_create(&path).map_err(|error| fault(error.to_string())),
        None if config.database != "memory:" => Err(StartError::Config(
            "a database server has no place for the master key: name its file, the same one for every node, with --master-key-file"
                .to_owned(),
        )),
        None => MasterKey::ephemeral(&mut OsEntropy).map_err(|error| fault(error.to_string())),
    }
}

/// Where requests of the server's own may go. What is made ready for this machine is on this machine.
pub(crate) fn egress(config: &Config) -> Result<Egress, StartError> {
    let outbound = &config.outbound;
    let read = |path: &PathBuf| {
        let fault = |error| StartError::Tls(format!("cannot read {}: {error}", path.display()));
        std::fs::read(path).map_err(fault)
    };
    Ok(Egress {
        allow_private_hosts: outbound.allow_private_hosts || config.dev,
        extra_roots: outbound
            .extra_ca
            .iter()
            .map(read)
            .collect::<Result<_, _>>()?,
        ..Egress::default()
    })
}

/// The issuers whose assertions are taken, with the keys in their files.
pub(crate) fn trusted_issuers(config: &Config) -> Result<Vec<TrustedIssuer>, StartError> {
    let read = |(issuer, file): &(String, PathBuf)| {
        let fault = |why: &str| {
            let path = file.display();
            StartError::Config(format!("the keys of {issuer:?} in {path}: {why}"))
        };
        let document = std::fs::read(file).map_err(|error| fault(&error.to_string()))?;
        let keys = KeySet::parse(&document).map_err(fault)?;
        if keys.is_empty() {
            return Err(fault("none of them can check a signature"));
        }
        Ok(TrustedIssuer {
            issuer: issuer.clone(),
            keys,
        })
    };
    config.trusted_issuers.iter().map(read).collect()
}
