//! Clients.

use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::{Client, Kind, Record};
use gatepass_proto::decide::{RedirectUriFault, check_redirect_uri};
use gatepass_proto::endpoint::register;
use gatepass_proto::{ClientId, Cx, Scope, Secret, grant};

use super::{Admin, AdminError, check_name, proving, published, telling};

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
    /// `token_endpoint_auth_method`; `None` for the usual: a secret, by header or body, or none for a public client.
    pub auth_method: Option<String>,
    /// The rest of it.
    pub details: ClientDetails,
}

impl Admin {
    /// Registers a client; a confidential one gets a secret, which is shown this once.
    ///
    /// # Errors
    ///
    /// The id is taken, or what is asked for is not allowed.
    pub async fn add_client(&self, new: NewClient) -> Result<(Client, Option<Secret>), AdminError> {
        let now = SystemClock.now();
        let mut entropy = OsEntropy;
        let mut cx = Cx::new(now, &mut entropy);
        let secret = new
            .has_secret()
            .then(|| opaque::mint(opaque::CLIENT_SECRET, &mut cx));
        let client_id = new
            .client_id
            .clone()
            .unwrap_or_else(|| ClientId::generate(&mut cx));
        let mut client = client(new, client_id, secret.as_ref(), now)?;
        self.keep_secret(&mut client, secret.as_ref()).await?;
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

    /// Makes an initial access token (RFC 7591 §3), by which programs may register themselves: `uses` times, and for
    /// `lifetime` at most. It is shown this once.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn invite_clients(
        &self,
        uses: u32,
        lifetime: Duration,
    ) -> Result<Secret, AdminError> {
        let now = SystemClock.now();
        let (secret, invitation) =
            register::invite(uses, lifetime, &mut Cx::new(now, &mut OsEntropy));
        let audit = AuditEvent::new(now, "client.invited");
        let changes = vec![invitation, Change::Audit(audit)];
        self.commit(changes, || "the token".to_owned()).await?;
        Ok(secret)
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
    let public = new.is_public();
    if public
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
    telling::check(&new.details)?;
    published::check(&new)?;
    let auth_methods = proving::methods(&new)?;
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
        require_pkce: new.require_pkce || public,
        json_body: new.json_body,
        access_token_ttl: None,
        refresh_grace: None,
        client_id_issued_at: now,
        details: Arc::new(new.details),
    })
}
