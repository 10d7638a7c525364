//! The ready-made set of `--dev`: a user, two clients and an API key, kept in a 0600 file beside the database so that
//! a restart prints the same.

use std::io::Write as _;
use std::path::Path;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::rules::Requests;
use gatepass_proto::message::authorization::OUT_OF_BAND;
use gatepass_proto::{ClientId, Cx, Scope, Secret};
use serde::{Deserialize, Serialize};

use crate::admin::{self, Admin, AdminError, ClaimChanges, NewClient};
use crate::config::Config;

/// The client on whose behalf the login endpoints of older habits issue tokens. It has no way to authenticate.
pub(crate) const DIRECT_LOGIN: &str = "direct-login";

/// The scopes of OpenID Connect (Core 1.0 §5.4, §11).
const OPENID: &str = "openid profile email address phone offline_access";
/// The scope of everything ready-made, besides those.
const SCOPE: &str = "read write read-write";
/// What clients may learn of the ready-made user.
const CLAIMS: [(&str, &str); 11] = [
    ("name", "Dev Eloper"),
    ("given_name", "Dev"),
    ("family_name", "Eloper"),
    ("nickname", "dev"),
    ("zoneinfo", "Etc/UTC"),
    ("locale", "en"),
    ("email", "dev@example.com"),
    ("email_verified", "true"),
    ("address", r#"{"locality":"Localhost","country":"Example"}"#),
    ("phone_number", "+1 555 0100"),
    ("phone_number_verified", "false"),
];
/// The types of authorization details of everything ready-made; RFC 9396 §2 has them as examples.
const DETAILS: [&str; 2] = ["account_information", "payment_initiation"];
/// What opens the whole API.
const DEFAULT_SCOPE: &str = "read";

/// The ready-made set, as it is kept and printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevSet {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The confidential client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The public client.
    pub public_client_id: String,
    /// Where both may redirect to; loopback without a port takes any.
    pub redirect_uris: Vec<String>,
    /// The API key.
    pub api_key: String,
}

/// Why there is no ready-made set.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// Its file.
    #[error("cannot use {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The database.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl DevSet {
    /// Reads the set from `file`, or makes one and keeps it there; then sees to it that the database has it all.
    pub(crate) async fn prepare(admin: &Admin, file: Option<&Path>) -> Result<Self, DevError> {
        let fault = |path: &Path, reason: String| DevError::File {
            path: path.display().to_string(),
            reason,
        };
        let set = match file {
            None => Self::generate(),
            Some(path) => match read(path) {
                Ok(Some(set)) => set,
                Ok(None) => {
                    let set = Self::generate();
                    if admin.find_user(&set.user).await?.is_some() {
                        let lost = "it is gone, but its user is in the database; bring it back or remove the database";
                        return Err(fault(path, lost.to_owned()));
                    }
                    keep(path, &set).map_err(|error| fault(path, error.to_string()))?;
                    set
                }
                Err(reason) => return Err(fault(path, reason)),
            },
        };
        set.insert(admin).await?;
        Ok(set)
    }

    fn generate() -> Self {
        let mut entropy = OsEntropy;
        let mut cx = Cx::new(SystemClock.now(), &mut entropy);
        let password: String = opaque::mint("", &mut cx)
            .expose()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        let redirect_uris = [
            "http://localhost:8000/callback",
            "https://localhost",
            "http://127.0.0.1/callback",
            "http://[::1]/callback",
            "http://localhost/callback",
            "http://127.0.0.1",
            "http://[::1]",
            "http://localhost",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://localhost/",
            OUT_OF_BAND,
        ];
        Self {
            user: "dev".to_owned(),
            password,
            client_id: "dev-confidential".to_owned(),
            client_secret: opaque::mint(opaque::CLIENT_SECRET, &mut cx)
                .expose()
                .to_owned(),
            public_client_id: "dev-public".to_owned(),
            redirect_uris: redirect_uris.map(str::to_owned).to_vec(),
            api_key: opaque::mint(opaque::API_KEY, &mut cx).expose().to_owned(),
        }
    }

    async fn insert(&self, admin: &Admin) -> Result<(), AdminError> {
        let password = Secret::new(self.password.as_str());
        if admin.find_user(&self.user).await?.is_none() {
            present(admin.add_user(&self.user, &password).await)?;
            let mut claims = ClaimChanges::new();
            for (name, value) in CLAIMS {
                claims.set(name, value)?;
            }
            admin.set_claims(&self.user, &claims).await?;
        }
        let now = SystemClock.now();
        let secret = Secret::new(self.client_secret.as_str());
        for (id, secret, name, grants) in [
            (
                self.client_id.as_str(),
                Some(&secret),
                "Development client",
                &[
                    "authorization_code",
                    "refresh_token",
                    "client_credentials",
                    "password",
                    "urn:ietf:params:oauth:grant-type:device_code",
                    "urn:openid:params:grant-type:ciba",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ][..],
            ),
            (
                self.public_client_id.as_str(),
                None,
                "Development client (public)",
                &[
                    "authorization_code",
                    "refresh_token",
                    "urn:ietf:params:oauth:grant-type:device_code",
                ][..],
            ),
            (DIRECT_LOGIN, None, "Direct login", &["password"][..]),
        ] {
            let new = self.client(name, secret.is_none(), grants);
            let mut client = admin::client(new, ClientId::new(id), secret, now)?;
            if id == DIRECT_LOGIN {
                // Nobody can be this client at the token endpoint.
                client.auth_methods.clear();
            }
            present(admin.insert_client(&client).await)?;
        }
        let key = Secret::new(self.api_key.as_str());
        present(
            admin
                .insert_key("dev", &self.user, scope(DEFAULT_SCOPE), &key)
                .await,
        )
    }

    fn client(&self, name: &str, public: bool, grants: &[&str]) -> NewClient {
        NewClient {
            client_id: None,
            client_name: name.to_owned(),
            public,
            redirect_uris: self.redirect_uris.clone(),
            grant_types: grants.iter().map(ToString::to_string).collect(),
            scope: scope(SCOPE).union(&scope(OPENID)),
            default_scope: scope(DEFAULT_SCOPE),
            resources: Vec::new(),
            require_pkce: false,
            json_body: true,
            auth_method: None,
            details: ClientDetails {
                authorization_details_types: DETAILS.map(str::to_owned).to_vec(),
                ..ClientDetails::default()
            },
        }
    }
}

impl std::fmt::Debug for DevSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevSet")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What is there already is as good as made.
fn present<T>(made: Result<T, AdminError>) -> Result<(), AdminError> {
    match made {
        Ok(_) | Err(AdminError::Taken(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What holds for authorization requests: as an operator says, and with types of authorization details to try.
pub(crate) fn requests(config: &Config) -> Requests {
    let mut requests = config.requests.clone();
    if config.dev && requests.authorization_details_types.is_empty() {
        requests.authorization_details_types = DETAILS.map(str::to_owned).to_vec();
    }
    requests
}

/// The scopes that the metadata names; which ones other clients have is nobody's business.
pub(crate) fn scopes(dev: bool) -> Vec<String> {
    let own = if dev { SCOPE } else { "" };
    let all = OPENID.split_whitespace().chain(own.split_whitespace());
    all.map(str::to_owned).collect()
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap_or_default()
}

fn read(path: &Path) -> Result<Option<DevSet>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    serde_json::from_str(&text).map(Some).map_err(|_| {
        "it does not hold a ready-made set; remove it together with the database".to_owned()
    })
}

fn keep(path: &Path, set: &DevSet) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(serde_json::to_string_pretty(set)?.as_bytes())?;
    file.sync_all()
}
