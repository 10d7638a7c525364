//! Where the steps take place: a server with its ready-made set, and somebody to ask for everything.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gatepass_client::tokens::StoredToken;
use gatepass_client::{Credential, OAuth, Session};
use gatepass_http::{HttpTransport, Nobody, Origin, OsEntropy, Shell, SystemClock, drive};
use gatepass_proto::Secret;
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::flow::{Endpoint, IntrospectFlow};
use gatepass_proto::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use gatepass_server::{Admin, DevSet};
use http::Method;
use serde::Deserialize;

use super::check::{Checked, Fault, there};
use super::plain::Plain;
use super::seen::{Seen, header};
use super::user_agent::{Decision, UserAgent};
use super::visitor::log_in;

/// A running server and what a client knows of it.
pub(super) struct World {
    /// The issuer, which is also where the API is.
    pub(super) issuer: String,
    /// The ready-made set.
    pub(super) set: DevSet,
    /// The id of the ready-made user, the `sub` of their tokens.
    pub(super) user_id: String,
    /// An operator at the same database.
    pub(super) admin: Admin,
    /// A folder for the stores of clients.
    pub(super) folder: PathBuf,
    /// The browser of the ready-made user, who stays logged in.
    pub(super) agent: Arc<UserAgent>,
    transport: Arc<HttpTransport>,
}

/// What the API says to whoever it let in.
#[derive(Debug, Deserialize)]
pub(super) struct Entered {
    /// On whose behalf.
    pub(super) subject: String,
    /// By which client.
    pub(super) client_id: Option<String>,
    /// With which scope.
    pub(super) scope: String,
    /// By which kind of credential.
    pub(super) scheme: String,
}

impl World {
    /// The world around a server that runs already.
    ///
    /// # Errors
    ///
    /// The database, or the ready-made user is not in it.
    pub(super) async fn around(
        issuer: &str,
        set: DevSet,
        admin: Admin,
        folder: PathBuf,
    ) -> Checked<Self> {
        let users = admin.users().await?;
        let user = there(
            "the ready-made user",
            users.iter().find(|user| user.username == set.user),
        )?;
        let user_id = user.user_id.to_string();
        let transport = Arc::new(HttpTransport::new(gatepass_client::Egress::default())?);
        let issuer = issuer.to_owned();
        let server: Origin = issuer.parse()?;
        let password = Secret::new(set.password.as_str());
        let agent = UserAgent::new(Arc::clone(&transport), server, &set.user, password);
        Ok(Self {
            issuer,
            set,
            user_id,
            admin,
            folder,
            agent: Arc::new(agent),
            transport,
        })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// A session whose credential goes to the API, with its tokens in memory.
    ///
    /// # Errors
    ///
    /// The credential makes no sense.
    pub(super) fn session(&self, credential: Credential) -> Checked<Session> {
        Ok(Session::builder(credential).api(&self.issuer).build()?)
    }

    /// A session of the public client after a login with the browser, and its token.
    ///
    /// # Errors
    ///
    /// The login did not work.
    pub(super) async fn logged_in(&self) -> Checked<(Session, StoredToken)> {
        let oauth = OAuth::authorization_code(&self.issuer, &self.set.public_client_id);
        let session = self.session(Credential::from(oauth))?;
        log_in(&session, &self.agent, Decision::Allow)
            .await?
            .outcome?;
        let token = session.token(Duration::ZERO).await?;
        Ok((session, token))
    }

    /// Somebody else's browser, without a cookie, and a person who types these.
    ///
    /// # Errors
    ///
    /// Never in earnest: the issuer is an origin.
    pub(super) fn another_agent(
        &self,
        username: &str,
        password: Secret,
    ) -> Checked<Arc<UserAgent>> {
        let server: Origin = self.issuer.parse()?;
        Ok(Arc::new(UserAgent::new(
            Arc::clone(&self.transport),
            server,
            username,
            password,
        )))
    }

    /// A request by a program without the client library.
    pub(super) fn plain(&self, method: Method, path: &str) -> Plain {
        Plain::new(&self.transport, method, &self.url(path))
    }

    /// Calls the API with a session's credential, which has to let it in.
    ///
    /// # Errors
    ///
    /// It is not let in, or not told as whom.
    pub(super) async fn enter(
        &self,
        session: &Session,
        path: &str,
        seen: &mut Seen,
    ) -> Checked<Entered> {
        let attachment = session.attachment().await?;
        if session.credential().makes_tokens() {
            seen.sent(format!("GET {path} with that token"));
        } else {
            seen.sent(format!("GET {path}"));
            seen.sent(header(&attachment));
        }
        let answer = session.get(self.url(path)).send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Fault::new(format!(
                "GET {path} answered {status}, expected 200"
            )));
        }
        let entered: Entered = answer.json().await?;
        let who = shortened(&entered.subject);
        seen.got(format!("200 as {who} by {}", entered.scheme));
        Ok(entered)
    }

    /// What the server says of a token to the confidential client (RFC 7662).
    ///
    /// # Errors
    ///
    /// It says nothing.
    pub(super) async fn introspect(&self, token: &Secret) -> Checked<IntrospectionResponse> {
        let secret = Secret::new(self.set.client_secret.as_str());
        let client = ClientCredentials::confidential(self.set.client_id.as_str(), secret);
        let endpoint = Endpoint::new(self.url("/oauth/introspect"), client);
        let request = IntrospectionRequest {
            token: token.clone(),
        };
        let mut flow = IntrospectFlow::new(endpoint, &request);
        let shell = Shell {
            transport: &*self.transport,
            clock: &SystemClock,
            person: &Nobody,
        };
        Ok(drive(&mut flow, &shell, &mut OsEntropy).await?)
    }
}

/// The beginning of an id: enough to see that two are the same.
fn shortened(id: &str) -> String {
    match id.strip_prefix("us_").and_then(|digits| digits.get(..4)) {
        Some(digits) => format!("us_{digits}…"),
        None => id.to_owned(),
    }
}
