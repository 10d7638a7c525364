//! A server on a real socket, and logins at it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use gatepass_client::tokens::{MemoryTokens, StoredToken, TokenKey, TokenStore as _};
use gatepass_client::{
    ClientKey, Credential, Error, Grant, LoginOptions, OAuth, SecretRef, Session,
};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::{Client, Key, Record};
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{ClientId, Cx, Secret};
use gatepass_server::{Config, DevSet, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::pairs::Pairs;
use crate::person::Agreeing;

/// A type of authorization details that the server knows.
pub(crate) const DETAIL: &str = "notebook";

/// A redirect URI of the ready-made clients to which nothing on this machine listens.
const CALLBACK: &str = "https://localhost";

pub(crate) struct World {
    address: SocketAddr,
    issuer: String,
    database: String,
    set: DevSet,
    made: AtomicU32,
    _folder: TempDir,
}

/// A login that has ended well.
pub(crate) struct Visit {
    pub(crate) session: Session,
    pub(crate) token: StoredToken,
    pub(crate) asked: Pairs,
    pub(crate) answered: Pairs,
    tokens: Arc<MemoryTokens>,
    key: TokenKey,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visit")
    }
}

impl Visit {
    /// The token as it is kept now.
    pub(crate) async fn stored(&self) -> StoredToken {
        self.tokens.load(&self.key).await.unwrap().unwrap()
    }
}

/// The details of a client, to be changed.
pub(crate) fn details(client: &mut Client) -> &mut ClientDetails {
    Arc::make_mut(&mut client.details)
}

impl World {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("gatepass.db").display().to_string();
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), database.clone());
        config.dev = true;
        config.requests.authorization_details_types = vec![DETAIL.to_owned()];
        let server = Server::bind(&config).await.unwrap();
        let world = Self {
            address: server.address(),
            issuer: server.issuer().to_owned(),
            database,
            set: server.dev_set().unwrap().clone(),
            made: AtomicU32::new(0),
            _folder: folder,
        };
        tokio::spawn(server.run(std::future::pending()));
        world
    }

    /// Registers a client with a key, and logs in with it.
    pub(crate) async fn log_in(
        &self,
        registered: impl FnOnce(&mut Client),
        configured: impl FnOnce(&mut OAuth),
    ) -> Result<Visit, Error> {
        let id = format!("cl_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let mut entropy = OsEntropy;
        let mut cx = Cx::new(SystemClock.now(), &mut entropy);
        let key = SigningKey::generate("ES256", &mut cx).unwrap();
        self.register(&id, &key, registered).await;
        let mut oauth = OAuth::new(
            Some(self.issuer.clone()),
            Some(id.clone()),
            Some(SecretRef::Given(Secret::new(
                self.set.client_secret.as_str(),
            ))),
            Grant::AuthorizationCode {
                redirect_uri: CALLBACK.to_owned(),
            },
        );
        oauth.client_auth = Some("client_secret_basic".to_owned());
        oauth.client_key = Some(ClientKey {
            key: SecretRef::Given(key.to_private_jwk().unwrap()),
            kid: None,
            alg: None,
        });
        configured(&mut oauth);
        self.visit(oauth, &id).await
    }

    async fn visit(&self, oauth: OAuth, id: &str) -> Result<Visit, Error> {
        let tokens = Arc::new(MemoryTokens::default());
        let key: TokenKey = TokenKey::new(id).unwrap();
        let session = Session::builder(Credential::from(oauth))
            .api(&self.issuer)
            .tokens(tokens.clone(), key.clone())
            .build()?;
        let person = Agreeing {
            server: self.address,
            user: self.set.user.clone(),
            password: self.set.password.clone(),
            asked: Mutex::default(),
            answered: Mutex::default(),
        };
        session.login(&person, &LoginOptions::default()).await?;
        Ok(Visit {
            token: tokens.load(&key).await?.unwrap(),
            session,
            asked: person.asked.into_inner().unwrap(),
            answered: person.answered.into_inner().unwrap(),
            tokens,
            key,
        })
    }

    async fn register(&self, id: &str, key: &SigningKey, change: impl FnOnce(&mut Client)) {
        let store = gatepass_store::open(&self.database).await.unwrap();
        let like = Key::Client(ClientId::new(self.set.client_id.as_str()));
        let found = store.load(&[like]).await.unwrap();
        let Some(Some(Record::Client(mut client))) = found.into_iter().next() else {
            panic!("the confidential client is there")
        };
        client.client_id = ClientId::new(id);
        details(&mut client).jwks = Some(json!({ "keys": [key.jwk()] }));
        change(&mut client);
        let insert = Change::Insert(Record::Client(client));
        store.commit(vec![insert]).await.unwrap();
    }
}
