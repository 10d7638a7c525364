//! A token endpoint that rotates and counts, and an API that takes its newest token.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use gatepass_client::tokens::{FileTokens, MemoryTokens, StoredToken, TokenKey, TokenStore};
use gatepass_client::{
    Credential, Endpoints, Grant, OAuth, Secret, SecretRef, Session, SessionBuilder, Timestamp,
};
use serde_json::json;

use crate::server::{Act, Seen, Server, answer};

/// How the token endpoint feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Answers(u16),
    /// Rotates and drops the answer, then is well again.
    LosesAnswer,
    Slow(Duration),
    /// Busy (503), and slow to say so.
    Drowned(Duration),
    NoRotation,
}

pub(crate) struct Desk {
    pub(crate) mood: Mood,
    pub(crate) expires_in: Option<u64>,
    /// The number in the newest tokens.
    pub(crate) generation: u32,
    pub(crate) requests: u32,
    pub(crate) refreshes: u32,
    pub(crate) discoveries: u32,
    pub(crate) revoked: Vec<String>,
    /// What the API answers instead of checking.
    pub(crate) api: Option<(u16, &'static str)>,
}

#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) server: Server,
    desk: Arc<Mutex<Desk>>,
}

impl Authority {
    pub(crate) async fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk {
            mood: Mood::Well,
            expires_in: Some(3600),
            generation: 1,
            requests: 0,
            refreshes: 0,
            discoveries: 0,
            revoked: Vec::new(),
            api: None,
        }));
        let own = desk.clone();
        let server = Server::start(move |seen| own.lock().unwrap().serve(seen)).await;
        Self { server, desk }
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    /// How many refreshes were granted, and how many token requests came.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let desk = self.desk();
        (desk.refreshes, desk.requests)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    /// A public client of this authority by its explicit endpoints.
    pub(crate) fn client(&self, grant: Grant) -> OAuth {
        let mut oauth = OAuth::new(None, Some("cl".into()), None, grant);
        oauth.endpoints = Endpoints {
            authorization: Some(self.url("/authorize")),
            token: Some(self.url("/token")),
            revocation: Some(self.url("/revoke")),
            ..Endpoints::default()
        };
        oauth
    }

    pub(crate) fn person_client(&self) -> Credential {
        Credential::from(self.client(Grant::AuthorizationCode {
            redirect_uri: Grant::LOOPBACK.into(),
        }))
    }

    pub(crate) fn service_client(&self) -> Credential {
        let mut oauth = self.client(Grant::ClientCredentials);
        oauth.client_secret = Some(SecretRef::given("s"));
        Credential::from(oauth)
    }

    pub(crate) fn session(&self, credential: Credential) -> SessionBuilder {
        Session::builder(credential).api(&self.server.url)
    }

    /// A session of a person whose stored token (generation 1) has so many seconds left of an hour.
    pub(crate) async fn session_with_token(
        &self,
        seconds_left: i64,
    ) -> (Session, Arc<dyn TokenStore>) {
        let store: Arc<dyn TokenStore> = Arc::new(MemoryTokens::new());
        let session = self
            .session(self.person_client())
            .tokens(store.clone(), key())
            .build()
            .unwrap();
        seed(&session, &*store, seconds_left).await;
        (session, store)
    }
}

pub(crate) fn key() -> TokenKey {
    TokenKey::new("work").unwrap()
}

pub(crate) fn files(folder: &std::path::Path) -> Arc<dyn TokenStore> {
    Arc::new(FileTokens::new(folder.join("tokens")))
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_secs(since.as_secs())
}

/// Stores a token of generation 1 for the session, as an earlier login would have.
pub(crate) async fn seed(session: &Session, store: &dyn TokenStore, seconds_left: i64) {
    let left = Duration::from_secs(seconds_left.unsigned_abs());
    let end = if seconds_left < 0 {
        now() - left
    } else {
        now() + left
    };
    let binding = session.credential().binding();
    let mut token = StoredToken::new(
        Secret::new("access-1"),
        end - Duration::from_secs(3600),
        binding,
    );
    token.expires_at = Some(end);
    token.refresh_token = Some(Secret::new("refresh-1"));
    store.save(&key(), &token).await.unwrap();
}

impl Desk {
    fn serve(&mut self, seen: &Seen) -> Act {
        let path = seen.target.split('?').next().unwrap();
        match path {
            "/token" => {
                self.requests += 1;
                self.token(&seen.text())
            }
            "/revoke" => {
                self.revoked.push(seen.text());
                match self.mood {
                    Mood::Answers(status) => answer(status, &[], ""),
                    _ => answer(200, &[], ""),
                }
            }
            "/.well-known/oauth-authorization-server" => {
                self.discoveries += 1;
                let base = format!("http://{}", seen.header("host").unwrap());
                let metadata = json!({
                    "issuer": base, "token_endpoint": format!("{base}/token"), "revocation_endpoint": format!("{base}/revoke"),
                    "authorization_endpoint": format!("{base}/authorize"), "authorization_response_iss_parameter_supported": true,
                    "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
                });
                answer(200, &[], metadata.to_string())
            }
            _ => self.api(seen),
        }
    }

    fn token(&mut self, body: &str) -> Act {
        match self.mood {
            Mood::Answers(429) => return answer(429, &[("Retry-After", "3600")], "slow down"),
            Mood::Answers(status) => return answer(status, &[], r#"{"error":"invalid_grant"}"#),
            Mood::Drowned(time) => return later(time, answer(503, &[], "")),
            _ => {}
        }
        if body.contains("grant_type=refresh_token") {
            let current = self.generation;
            let head = body.contains(&format!("refresh_token=refresh-{current}"));
            // The grace: the predecessor of the newest gets the newest again.
            let repeated = body.contains(&format!("refresh_token=refresh-{}", current - 1));
            match (head, repeated) {
                (true, _) => {
                    self.refreshes += 1;
                    self.generation += 1;
                }
                (false, true) => {}
                _ => {
                    return answer(
                        400,
                        &[],
                        r#"{"error":"invalid_grant","error_description":"replayed"}"#,
                    );
                }
            }
        } else {
            self.generation += 1;
        }
        let n = self.generation;
        let mut token = json!({ "access_token": format!("access-{n}"), "token_type": "Bearer" });
        if let Some(seconds) = self.expires_in {
            token["expires_in"] = seconds.into();
        }
        if self.mood == Mood::NoRotation {
            self.generation = n;
        } else if !body.contains("grant_type=client_credentials") {
            token["refresh_token"] = format!("refresh-{n}").into();
        }
        match self.mood {
            Mood::LosesAnswer => {
                self.mood = Mood::Well;
                Act::Hang(Duration::ZERO)
            }
            Mood::Slow(time) => later(time, answer(200, &[], token.to_string())),
            _ => answer(200, &[], token.to_string()),
        }
    }

    fn api(&self, seen: &Seen) -> Act {
        if let Some((status, challenge)) = self.api {
            return answer(status, &[("WWW-Authenticate", challenge)], "refused");
        }
        let expected = format!("Bearer access-{}", self.generation);
        if seen.header("authorization") == Some(&expected) {
            answer(200, &[], format!("hello {}", seen.text()))
        } else {
            answer(
                401,
                &[("WWW-Authenticate", r#"Bearer error="invalid_token""#)],
                "",
            )
        }
    }
}

fn later(time: Duration, answer: Act) -> Act {
    match answer {
        Act::Write(bytes) => Act::Later(time, bytes),
        other => other,
    }
}
