//! Our own client by the further grants at our own server, over real sockets: a device, CIBA, an exchange, a signed
//! assertion.

mod person;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatepass_client::{Config as Profiles, LoginOptions, Paths, Secret, Session};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_server::{Admin, Config, DevSet, NewClient, Server};
use tempfile::TempDir;

use crate::person::{At, Resident};

/// A running server, and the folders of a person who uses it.
struct World {
    folder: TempDir,
    issuer: String,
    set: DevSet,
    admin: Admin,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("gatepass.db").display().to_string();
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), database.as_str());
        config.dev = true;
        config.trusted_issuers = vec![("https://cluster.example".to_owned(), key(folder.path()))];
        let server = Server::bind(&config).await.expect("it starts");
        let (issuer, set) = (server.issuer().to_owned(), server.dev_set().cloned());
        tokio::spawn(server.run(std::future::pending()));
        Self {
            admin: Admin::open(&database).await.expect("the database"),
            set: set.expect("with dev"),
            issuer,
            folder,
        }
    }

    /// A client of this grant; its id, and the file of its secret.
    async fn client(&self, grant: &str, public: bool) -> (String, PathBuf) {
        let scope = "openid read write".parse().expect("a scope");
        let new = NewClient {
            client_id: None,
            client_name: "Own".to_owned(),
            public,
            redirect_uris: Vec::new(),
            grant_types: vec![grant.to_owned(), "client_credentials".to_owned()]
                .into_iter()
                .take(if public { 1 } else { 2 })
                .collect(),
            scope,
            default_scope: "read".parse().expect("a scope"),
            resources: vec!["https://orders.example/".to_owned()],
            require_pkce: false,
            json_body: false,
            auth_method: None,
            details: ClientDetails::default(),
        };
        let (client, secret) = self.admin.add_client(new).await.expect("registered");
        let id = client.client_id.as_str().to_owned();
        let file = self.folder.path().join(&id);
        std::fs::write(&file, secret.as_ref().map_or("", Secret::expose)).expect("written");
        (id, file)
    }

    /// The session of a profile of this client with these lines.
    fn session(&self, (id, secret): &(String, PathBuf), lines: &str) -> Session {
        let paths = Paths {
            config: self.folder.path().join(format!("{id}-config")),
            state: self.folder.path().join("state"),
            cache: self.folder.path().join("cache"),
        };
        std::fs::create_dir_all(&paths.config).expect("made");
        let issuer = &self.issuer;
        let mut text = format!(
            "[profile.own]\nmethod = \"oauth\"\napi = [\"{issuer}\"]\nissuer = \"{issuer}\"\nclient_id = \"{id}\"\n"
        );
        if std::fs::metadata(secret).is_ok_and(|file| file.len() > 0) {
            text += &format!("client_secret = {{ file = \"{}\" }}\n", secret.display());
        }
        std::fs::write(paths.config_file(), text + lines).expect("written");
        let profiles = Profiles::load(&paths).expect("profiles");
        let profile = profiles.profile(Some("own")).expect("the profile");
        Session::open(profile, &paths).expect("a session")
    }

    async fn api_says(&self, session: &Session) -> u16 {
        let answer = session.get(format!("{}/api/data", self.issuer)).send();
        answer.await.expect("an answer").status().as_u16()
    }

    fn person(&self, at: At) -> Resident {
        Resident {
            issuer: self.issuer.clone(),
            username: self.set.user.clone(),
            password: self.set.password.clone(),
            at,
        }
    }
}

/// A key for assertions: the private half in a file, and the file of the public one.
fn key(folder: &Path) -> PathBuf {
    let mut entropy = OsEntropy;
    let mut cx = Cx::new(SystemClock.now(), &mut entropy);
    let key = SigningKey::generate("ES256", &mut cx).expect("a key");
    let private = key.to_private_jwk().expect("it can be written");
    std::fs::write(folder.join("private.jwk"), private.expose()).expect("written");
    let file = folder.join("jwks.json");
    let public = KeySet::of([key.jwk()]).to_json().to_string();
    std::fs::write(&file, public).expect("written");
    file
}

#[tokio::test]
async fn a_device() {
    let world = World::start().await;
    let client = world
        .client("urn:ietf:params:oauth:grant-type:device_code", true)
        .await;
    let session = world.session(
        &client,
        "grant = \"device_code\"\nscope = \"openid read\"\n",
    );
    let person = world.person(At::Device);
    let login = session.login(&person, &LoginOptions::default()).await;
    login.expect("logged in");
    assert_eq!(world.api_says(&session).await, 200);
}

#[tokio::test]
async fn ciba() {
    let world = World::start().await;
    let client = world
        .client("urn:openid:params:grant-type:ciba", false)
        .await;
    let lines = format!(
        "grant = \"ciba\"\nscope = \"openid read\"\nlogin_hint = \"{}\"\nbinding_message = \"W4SCT\"\n",
        world.set.user
    );
    let session = world.session(&client, &lines);
    let person = world.person(At::Requests);
    let login = session.login(&person, &LoginOptions::default()).await;
    login.expect("logged in");
    assert_eq!(world.api_says(&session).await, 200);
}

#[tokio::test]
async fn an_exchange() {
    let world = World::start().await;
    let client = world
        .client("urn:ietf:params:oauth:grant-type:token-exchange", false)
        .await;
    let first = world.session(&client, "grant = \"client_credentials\"\n");
    let subject = first.token(Duration::ZERO).await.expect("a token");
    let file = world.folder.path().join("subject");
    std::fs::write(&file, subject.access_token.expose()).expect("written");
    let lines = format!(
        "grant = \"token_exchange\"\nsubject_token = {{ file = \"{}\" }}\n",
        file.display()
    );
    let second = world.session(&client, &lines);
    let token = second.token(Duration::ZERO).await.expect("exchanged");
    assert_ne!(token.access_token, subject.access_token);
    assert_eq!(world.api_says(&second).await, 200);
}

#[tokio::test]
async fn an_assertion() {
    let world = World::start().await;
    let client = world
        .client("urn:ietf:params:oauth:grant-type:jwt-bearer", false)
        .await;
    let lines = format!(
        "grant = \"jwt_bearer\"\nassertion_key = {{ file = \"{}\" }}\nassertion_issuer = \"https://cluster.example\"\n\
         assertion_subject = \"{}\"\n",
        world.folder.path().join("private.jwk").display(),
        world.set.user
    );
    let session = world.session(&client, &lines);
    session.token(Duration::ZERO).await.expect("a token");
    assert_eq!(world.api_says(&session).await, 200);
}
