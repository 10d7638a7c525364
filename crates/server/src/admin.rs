//! What an operator does to users, clients and keys; the command line and the ready-made set use it alike.

use std::sync::Arc;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::UserDetails;
use gatepass_proto::decide::record::{ApiKey, Client, Kind, Record, User};
use gatepass_proto::decide::{RedirectUriFault, check_redirect_uri};
use gatepass_proto::{ClientId, Cx, Scope, Secret, UserId, client_auth, grant};
use gatepass_store::{CommitError, Store, StoreError};

use crate::authenticate::find_user;
use crate::passwords::{NewPasswordError, Passwords};

/// The longest name of a user, a client or a key, in bytes.
const MAX_NAME: usize = 256;

/// Administers one database. A running server sees the changes at once.
pub struct Admin {
    store: Arc<dyn Store>,
    passwords: Passwords,
}

/// A client to be registered (names from RFC 7591 §2).
#[derive(Clone, Debug)]
pub struct NewClient {
    /// `client_id`; `None` for a generated one.
    pub client_id: Option<ClientId>,
    /// `client_name`, shown on the consent page.
    pub client_name: String,
    /// Whether it cannot keep a secret.
    pub public: bool,
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<String>,
    /// Everything it may ask for.
    pub scope: Scope,
    /// What it gets when it asks for nothing.
    pub default_scope: Scope,
    /// Resources it may name besides the server's default audience (RFC 8707).
    pub resources: Vec<String>,
    /// Whether PKCE is demanded; public clients cannot go without.
    pub require_pkce: bool,
    /// Whether its token requests may be JSON, an older habit.
    pub json_body: bool,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name or id is in use.
    #[error("{0} exists already; choose another name")]
    Taken(String),
    /// There is no such thing.
    #[error("{0} does not exist")]
    Missing(String),
    /// It cannot be registered so.
    #[error("{0}")]
    Invalid(String),
    /// The password.
    #[error("{0}")]
    Password(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Admin {
    /// Opens the database: a path, `sqlite:PATH` or `memory:`.
    ///
    /// # Errors
    ///
    /// The database cannot be opened.
    pub async fn open(database: &str) -> Result<Self, AdminError> {
        Ok(Self::over(gatepass_store::open(database).await?))
    }

    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            passwords: Passwords::new(),
        }
    }

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// The name is taken or unusable, the password too weak.
    pub async fn add_user(&self, username: &str, password: &Secret) -> Result<User, AdminError> {
        check_name("a user name", username)?;
        // HTTP Basic could not carry it (RFC 7617 §2).
        if username.contains(':') {
            return Err(AdminError::Invalid(
                "a user name must not hold a colon".to_owned(),
            ));
        }
        if self.find_user(username).await?.is_some() {
            return Err(AdminError::Taken(format!("user {username:?}")));
        }
        let password_hash = self
            .passwords
            .hash(password)
            .await
            .map_err(|error| match error {
                NewPasswordError::Busy(busy) => {
                    AdminError::Store(StoreError::Unavailable(busy.to_string()))
                }
                weak => AdminError::Password(weak.to_string()),
            })?;
        let now = SystemClock.now();
        let user = User {
            user_id: UserId::generate(&mut Cx::new(now, &mut OsEntropy)),
            username: username.to_owned(),
            password_hash,
            created_at: now,
            locked_at: None,
            details: UserDetails::default(),
        };
        let audit = AuditEvent::new(now, "user.added").user(&user.user_id);
        let what = || format!("user {username:?}");
        self.commit(
            vec![
                Change::Insert(Record::User(user.clone())),
                Change::Audit(audit),
            ],
            what,
        )
        .await?;
        Ok(user)
    }

    /// Registers a client; a confidential one gets a secret, which is shown this once.
    ///
    /// # Errors
    ///
    /// The id is taken, or what is asked for is not allowed.
    pub async fn add_client(&self, new: NewClient) -> Result<(Client, Option<Secret>), AdminError> {
        let now = SystemClock.now();
        let mut entropy = OsEntropy;
        let mut cx = Cx::new(now, &mut entropy);
        let secret = (!new.public).then(|| opaque::mint(opaque::CLIENT_SECRET, &mut cx));
        let client_id = new
            .client_id
            .clone()
            .unwrap_or_else(|| ClientId::generate(&mut cx));
        let client = client(new, client_id, secret.as_ref(), now)?;
        self.insert_client(&client).await?;
        Ok((client, secret))
    }

    pub(crate) async fn insert_client(&self, client: &Client) -> Result<(), AdminError> {
        let audit =
            AuditEvent::new(client.client_id_issued_at, "client.added").client(&client.client_id);
        let what = || format!("client {:?}", client.client_id.as_str());
        self.commit(
            vec![
                Change::Insert(Record::Client(client.clone())),
                Change::Audit(audit),
            ],
            what,
        )
        .await
    }

    /// Makes an API key for a user, which is shown this once.
    ///
    /// # Errors
    ///
    /// There is no such user, or the key's name is taken.
    pub async fn add_key(
        &self,
        name: &str,
        username: &str,
        scope: Scope,
    ) -> Result<(ApiKey, Secret), AdminError> {
        let now = SystemClock.now();
        let secret = opaque::mint(opaque::API_KEY, &mut Cx::new(now, &mut OsEntropy));
        let key = self.insert_key(name, username, scope, &secret).await?;
        Ok((key, secret))
    }

    pub(crate) async fn insert_key(
        &self,
        name: &str,
        username: &str,
        scope: Scope,
        secret: &Secret,
    ) -> Result<ApiKey, AdminError> {
        check_name("a key's name", name)?;
        let user = self.user(username).await?;
        let now = SystemClock.now();
        let key = ApiKey {
            digest: secret.digest(),
            name: name.to_owned(),
            user_id: user.user_id,
            scope,
            created_at: now,
            expires_at: None,
            revoked_at: None,
        };
        let audit = AuditEvent::new(now, "key.added").user(&key.user_id);
        let what = || format!("key {name:?}");
        self.commit(
            vec![
                Change::Insert(Record::ApiKey(key.clone())),
                Change::Audit(audit),
            ],
            what,
        )
        .await?;
        Ok(key)
    }

    /// Every user, by name.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn users(&self) -> Result<Vec<User>, AdminError> {
        let all = self.store.list(Kind::User).await?.into_iter();
        Ok(all
            .filter_map(|record| {
                if let Record::User(user) = record {
                    Some(user)
                } else {
                    None
                }
            })
            .collect())
    }

    /// Every client, by id.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn clients(&self) -> Result<Vec<Client>, AdminError> {
        let all = self.store.list(Kind::Client).await?.into_iter();
        Ok(all
            .filter_map(|record| {
                if let Record::Client(client) = record {
                    Some(client)
                } else {
                    None
                }
            })
            .collect())
    }

    /// Every API key, by name.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, AdminError> {
        let all = self.store.list(Kind::ApiKey).await?.into_iter();
        Ok(all
            .filter_map(|record| {
                if let Record::ApiKey(key) = record {
                    Some(key)
                } else {
                    None
                }
            })
            .collect())
    }

    async fn user(&self, username: &str) -> Result<User, AdminError> {
        let found = self.find_user(username).await?;
        found.ok_or_else(|| AdminError::Missing(format!("user {username:?}")))
    }

    /// The user of this name, if there is one.
    pub(crate) async fn find_user(&self, username: &str) -> Result<Option<User>, AdminError> {
        Ok(find_user(&*self.store, username).await?)
    }

    async fn commit(
        &self,
        changes: Vec<Change>,
        what: impl Fn() -> String,
    ) -> Result<(), AdminError> {
        self.store
            .commit(changes)
            .await
            .map_err(|error| match error {
                CommitError::Conflict | CommitError::Spent => AdminError::Taken(what()),
                CommitError::Store(error) => AdminError::Store(error),
            })
    }
}

/// The record of a client, if it may be registered so.
pub(crate) fn client(
    new: NewClient,
    client_id: ClientId,
    secret: Option<&Secret>,
    now: gatepass_proto::Timestamp,
) -> Result<Client, AdminError> {
    let invalid = |text: String| Err(AdminError::Invalid(text));
    check_name("a client's name", &new.client_name)?;
    check_name("a client_id", client_id.as_str())?;
    if client_id.as_str().starts_with("us_") {
        return invalid("a client_id must not begin with us_, like a user's id".to_owned());
    }
    for uri in &new.redirect_uris {
        check_redirect_uri(uri)
            .map_err(|fault: RedirectUriFault| AdminError::Invalid(format!("{uri:?}: {fault}")))?;
    }
    if let Some(unknown) = new
        .grant_types
        .iter()
        .find(|name| grant::find(name).is_none())
    {
        return invalid(format!("grant_type {unknown:?} is not known"));
    }
    if new
        .grant_types
        .iter()
        .any(|name| name == "authorization_code")
        && new.redirect_uris.is_empty()
    {
        return invalid("the authorization_code grant needs a redirect_uri".to_owned());
    }
    if secret.is_none()
        && new
            .grant_types
            .iter()
            .any(|name| name == "client_credentials")
    {
        return invalid(
            "the client_credentials grant needs a client that can keep a secret".to_owned(),
        );
    }
    if !new.default_scope.is_subset_of(&new.scope) {
        return invalid("the default scope must be within the scope".to_owned());
    }
    let auth_methods = if secret.is_some() {
        client_auth::names()
            .into_iter()
            .filter(|name| name != "none")
            .collect()
    } else {
        vec!["none".to_owned()]
    };
    Ok(Client {
        client_id,
        client_name: new.client_name,
        client_secrets: secret.map(Secret::digest).into_iter().collect(),
        auth_methods,
        redirect_uris: new.redirect_uris,
        grant_types: new.grant_types,
        scope: new.scope,
        default_scope: new.default_scope,
        resources: new.resources,
        require_pkce: new.require_pkce || new.public,
        json_body: new.json_body,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: now,
        details: Arc::default(),
    })
}

fn check_name(what: &str, name: &str) -> Result<(), AdminError> {
    if name.trim() != name
        || name.is_empty()
        || name.len() > MAX_NAME
        || name.chars().any(char::is_control)
    {
        let text = format!(
            "{what} must be 1 to {MAX_NAME} bytes, without spaces around it or control characters"
        );
        return Err(AdminError::Invalid(text));
    }
    Ok(())
}
