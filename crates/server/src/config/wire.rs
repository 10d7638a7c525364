//! How settings of other rooms' types are written in the file. A field that is added there makes this room fail to compile
//! until its line stands here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use gatepass_proto::Scope;
use gatepass_proto::decide::rules::{EndGrants, Lifetimes, Requests, Tokens};
use gatepass_proto::endpoint::register::{Admission, RegistrationPolicy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Tls, span};

/// `[lifetimes]`.
#[derive(Serialize, Deserialize)]
#[serde(
    remote = "Lifetimes",
    default = "Lifetimes::default",
    deny_unknown_fields
)]
pub(super) struct LifetimesTable {
    #[serde(with = "span")]
    access_token: Duration,
    #[serde(with = "span")]
    code: Duration,
    #[serde(with = "span")]
    code_by_hand: Duration,
    #[serde(with = "span")]
    refresh: Duration,
    #[serde(with = "span")]
    refresh_idle: Duration,
    #[serde(with = "span")]
    refresh_grace: Duration,
    #[serde(with = "span")]
    session: Duration,
    #[serde(with = "span")]
    elsewhere: Duration,
    #[serde(with = "span")]
    pushed_request: Duration,
    #[serde(with = "span")]
    interaction: Duration,
}

/// `[requests]`.
#[derive(Serialize, Deserialize)]
#[serde(
    remote = "Requests",
    default = "Requests::default",
    deny_unknown_fields
)]
pub(super) struct RequestsTable {
    require_pushed_authorization_requests: bool,
    authorization_details_types: Vec<String>,
}

/// `[tokens]`.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Tokens", default = "Tokens::default", deny_unknown_fields)]
pub(super) struct TokensTable {
    resources: Vec<String>,
    opaque_resources: Vec<String>,
    #[serde(with = "Ended")]
    end_grants_at_logout: EndGrants,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EndGrants", rename_all = "lowercase")]
enum Ended {
    None,
    Online,
    All,
}

/// `[registration]`.
#[derive(Serialize, Deserialize)]
#[serde(
    remote = "RegistrationPolicy",
    default = "RegistrationPolicy::default",
    deny_unknown_fields
)]
struct RegistrationTable {
    #[serde(with = "Who")]
    admission: Admission,
    scope: Scope,
    require_pkce: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Admission", rename_all = "lowercase")]
enum Who {
    Closed,
    Invited,
    Open,
}

/// A `[registration]` that may not be there.
pub(super) mod registration {
    use super::{
        Deserialize, Deserializer, RegistrationPolicy, RegistrationTable, Serialize, Serializer,
    };

    #[derive(Serialize, Deserialize)]
    struct There(#[serde(with = "RegistrationTable")] RegistrationPolicy);

    pub(in crate::config) fn serialize<S: Serializer>(
        policy: &Option<RegistrationPolicy>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        policy.clone().map(There).serialize(serializer)
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<RegistrationPolicy>, D::Error> {
        Ok(Option::<There>::deserialize(deserializer)?.map(|There(policy)| policy))
    }
}

/// `[trusted_issuers]`: each issuer and its file.
pub(super) mod trusted_issuers {
    use super::{BTreeMap, Deserialize, Deserializer, PathBuf, Serializer};

    pub(in crate::config) fn serialize<S: Serializer>(
        pairs: &[(String, PathBuf)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(pairs.iter().map(|(issuer, file)| (issuer, file)))
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, PathBuf)>, D::Error> {
        let table = BTreeMap::<String, PathBuf>::deserialize(deserializer)?;
        Ok(table.into_iter().collect())
    }
}

/// `[tls]`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
    dev: bool,
}

impl From<Tls> for TlsTable {
    fn from(tls: Tls) -> Self {
        let (cert, key, dev) = match tls {
            Tls::Off => (None, None, false),
            Tls::Dev => (None, None, true),
            Tls::Files { cert, key } => (Some(cert), Some(key), false),
        };
        Self { cert, key, dev }
    }
}

impl TryFrom<TlsTable> for Tls {
    type Error = &'static str;

    fn try_from(table: TlsTable) -> Result<Self, Self::Error> {
        match (table.cert, table.key, table.dev) {
            (None, None, false) => Ok(Self::Off),
            (None, None, true) => Ok(Self::Dev),
            (Some(cert), Some(key), false) => Ok(Self::Files { cert, key }),
            (_, _, true) => Err("tls: dev makes its own certificate; leave cert and key out"),
            (..) => Err("tls: cert and key belong together; give both in the same place"),
        }
    }
}
