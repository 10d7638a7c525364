//! Logging in with a browser or by pasting, and logging out.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::tokens::{MemoryTokens, TokenStore};
use gatepass_client::{
    Browser, Credential, Error, Grant, LoginOptions, LoginWay, LogoutReport, Notice, OAuth, Person,
    PersonError, Session, TokenState, pasted,
};
use gatepass_proto::Params;
use url::Url;

use crate::authority::{Authority, Mood, key};

/// A browser whose person answers at once: it calls the redirect URI with these parameters and the request's state.
struct Agent {
    answer: String,
    page: Mutex<Option<std::sync::mpsc::Receiver<String>>>,
}

impl Agent {
    fn options(answer: &str) -> (Arc<Self>, LoginOptions) {
        let agent = Arc::new(Self {
            answer: answer.to_owned(),
            page: Mutex::new(None),
        });
        let options = LoginOptions {
            browser: agent.clone(),
            patience: Duration::from_millis(1500),
            ..LoginOptions::default()
        };
        (agent, options)
    }

    fn page(&self) -> String {
        self.page.lock().unwrap().take().unwrap().recv().unwrap()
    }
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(own, _)| own == name)
        .unwrap()
        .1
        .into_owned()
}

impl Browser for Agent {
    fn open(&self, url: &Url) -> Result<(), String> {
        let back: Url = parameter(url, "redirect_uri").parse().unwrap();
        let target = format!(
            "{}?{}",
            back.path(),
            self.answer.replace("STATE", &parameter(url, "state"))
        );
        let port = back.port().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        *self.page.lock().unwrap() = Some(receiver);
        std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut page = String::new();
            let _ = stream.read_to_string(&mut page);
            let _ = sender.send(page);
        });
        Ok(())
    }
}

/// A person who reads, and pastes this.
#[derive(Default)]
struct Reader {
    shown: Mutex<Vec<String>>,
    pastes: String,
}

#[async_trait]
impl Person for Reader {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        self.shown.lock().unwrap().push(url.to_string());
        pasted(
            &url,
            &self.pastes.replace("STATE", &parameter(&url, "state")),
        )
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        self.shown.lock().unwrap().push(notice.text);
        Ok(())
    }
}

fn discovered(authority: &Authority) -> Session {
    let oauth = OAuth::authorization_code(&authority.server.url, "cl");
    authority.session(Credential::from(oauth)).build().unwrap()
}

#[tokio::test]
async fn the_browser_comes_back_and_the_token_is_kept() {
    let authority = Authority::start().await;
    let session = discovered(&authority);
    let (agent, options) =
        Agent::options(&format!("code=c1&state=STATE&iss={}", authority.server.url));
    let person = Reader::default();
    assert!(
        session
            .get(authority.url("/api"))
            .send()
            .await
            .unwrap_err()
            .is_login_needed()
    );
    let status = session.login(&person, &options).await.unwrap();
    assert_eq!(
        (status.state, status.issuer.as_deref()),
        (TokenState::Valid, Some(authority.server.url.as_str()))
    );
    assert!(agent.page().contains("Login received"));
    let link = person.shown.lock().unwrap().join("\n");
    assert!(
        link.contains("/authorize?") && link.contains("code_challenge_method=S256"),
        "the link is shown too: {link}"
    );
    let exchange = authority.server.last().text();
    assert!(
        exchange.contains("code=c1") && exchange.contains("code_verifier="),
        "{exchange}"
    );
    assert_eq!(
        session
            .get(authority.url("/api"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn refusals_and_strangers_do_not_log_in() {
    let authority = Authority::start().await;
    let issuer = authority.server.url.clone();
    for (answer, page, reason) in [
        (
            format!("error=access_denied&state=STATE&iss={issuer}"),
            "Access was denied",
            "access_denied",
        ),
        (
            "code=c1&state=STATE&iss=https://evil.example".into(),
            "Login received",
            "https://evil.example",
        ),
        ("code=c1&state=STATE".into(), "Login received", "expected"),
        (
            format!("code=c1&state=other&iss={issuer}"),
            "Not this login",
            "in time",
        ),
    ] {
        let session = discovered(&authority);
        let (agent, options) = Agent::options(&answer);
        let error = session
            .login(&Reader::default(), &options)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{answer}: {error}");
        assert!(agent.page().contains(page), "{answer}");
    }
    assert_eq!(authority.desk().requests, 0, "no code was sent anywhere");
}

#[tokio::test]
async fn a_request_asks_its_person_when_nothing_else_helps() {
    let authority = Authority::start().await;
    let (_, options) = Agent::options("code=c1&state=STATE");
    let session = authority
        .session(authority.person_client())
        .person(Arc::new(Reader::default()), options)
        .build()
        .unwrap();
    assert_eq!(
        session
            .get(authority.url("/api"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn a_code_or_an_address_is_pasted() {
    let authority = Authority::start().await;
    for (redirect_uri, pastes, way) in [
        ("urn:ietf:wg:oauth:2.0:oob", " c1 \n", LoginWay::Auto),
        (
            "https://localhost",
            "https://localhost/?code=c1&state=STATE",
            LoginWay::Auto,
        ),
        (Grant::LOOPBACK, "c1", LoginWay::Paste),
    ] {
        let oauth = authority.client(Grant::AuthorizationCode {
            redirect_uri: redirect_uri.into(),
        });
        let session = authority.session(Credential::from(oauth)).build().unwrap();
        let person = Reader {
            pastes: pastes.into(),
            ..Reader::default()
        };
        let options = LoginOptions {
            way,
            ..LoginOptions::default()
        };
        session.login(&person, &options).await.unwrap();
        let exchange = Params::parse_form(&authority.server.last().body).unwrap();
        assert_eq!(
            (exchange.get("code"), exchange.get("redirect_uri")),
            (Some("c1"), Some(redirect_uri))
        );
    }
    let oauth = authority.client(Grant::AuthorizationCode {
        redirect_uri: "https://localhost".into(),
    });
    let session = authority.session(Credential::from(oauth)).build().unwrap();
    let stranger = Reader {
        pastes: "https://localhost/?code=c1&state=other".into(),
        ..Reader::default()
    };
    let error = session
        .login(&stranger, &LoginOptions::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("state differs"), "{error}");
}

#[tokio::test]
async fn logging_out_revokes_and_forgets() {
    let authority = Authority::start().await;
    let (session, store) = authority.session_with_token(3000).await;
    assert!(matches!(
        session.logout().await.unwrap(),
        LogoutReport::Revoked
    ));
    let revoked = authority.desk().revoked.join("\n");
    assert!(
        revoked.starts_with("token=refresh-1") && revoked.contains("token=access-1"),
        "{revoked}"
    );
    assert_eq!(store.load(&key()).await.unwrap(), None);
    assert!(matches!(
        session.logout().await.unwrap(),
        LogoutReport::NothingStored
    ));

    let (session, store) = authority.session_with_token(3000).await;
    authority.desk().mood = Mood::Answers(503);
    let LogoutReport::NotRevoked(error) = session.logout().await.unwrap() else {
        panic!("the server was down")
    };
    assert!(error.is_temporary());
    assert_eq!(
        store.load(&key()).await.unwrap(),
        None,
        "forgotten all the same"
    );
}

#[tokio::test]
async fn a_login_replaces_the_token_and_a_wrong_secret_is_told() {
    let authority = Authority::start().await;
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
    let session = authority
        .session(authority.service_client())
        .tokens(store, key())
        .build()
        .unwrap();
    let person = Reader::default();
    for n in [2, 3] {
        session
            .login(&person, &LoginOptions::default())
            .await
            .unwrap();
        assert_eq!(
            session
                .token(Duration::ZERO)
                .await
                .unwrap()
                .access_token
                .expose(),
            format!("access-{n}")
        );
    }
    let missing = Session::builder(Credential::bearer(gatepass_client::SecretRef::env(
        "GATEPASS_NO_SUCH",
    )))
    .build()
    .unwrap();
    assert!(matches!(
        missing.login(&person, &LoginOptions::default()).await,
        Err(Error::Secret(_))
    ));
}
