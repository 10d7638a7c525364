//! What a configuration names, read and made usable: certificates, keys, terms.

use std::path::{Path, PathBuf};

use gatepass_http::{Clock as _, Egress, OsEntropy, SystemClock};
use gatepass_listen::{TlsError, Transport};
use gatepass_proto::decide::rules::TrustedIssuer;
use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy};
use gatepass_proto::jose::KeySet;

use crate::config::{Config, KeySource, MASTER_KEY, Tls};
use crate::dev;
use crate::listen::StartError;
use crate::seal::MasterKey;

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

/// What connections are sealed with.
pub(crate) fn transport(config: &Config) -> Result<Transport, StartError> {
    let fault = |error: TlsError| StartError::Tls(error.to_string());
    match &config.tls {
        Tls::Off => Ok(Transport::default()),
        Tls::Files { cert, key } => Transport::of_files(cert, key).map_err(fault),
        Tls::Dev => {
            let file = config.database_file().ok_or_else(|| {
                let text = "development certificates are kept beside the database; give it a path";
                StartError::Config(text.to_owned())
            })?;
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new("."));
            Transport::for_this_machine(folder, SystemClock.now()).map_err(fault)
        }
    }
}

/// The master key; a database in memory is gone with the process, and so may its key be. One behind a server has
/// nothing beside it, and all nodes need the same key.
pub(crate) fn master_key(config: &Config) -> Result<MasterKey, StartError> {
    let fault = |error: String| StartError::Keys(error);
    match key_source(config)? {
        Some(source) => MasterKey::obtain(&source).map_err(|error| fault(error.to_string())),
        None => MasterKey::ephemeral(&mut OsEntropy).map_err(|error| fault(error.to_string())),
    }
}

/// Where the master key is; `None` where it may be forgotten.
pub(crate) fn key_source(config: &Config) -> Result<Option<KeySource>, StartError> {
    let beside = || config.beside_database(MASTER_KEY).map(KeySource::File);
    let source = config.master_key.clone().or_else(beside);
    if source.is_none() && config.database != "memory:" {
        return Err(StartError::Config(
            "a database server has no place for the master key: name it, the same one for every node, with --master-key-file or master_key in the configuration file"
                .to_owned(),
        ));
    }
    Ok(source)
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
