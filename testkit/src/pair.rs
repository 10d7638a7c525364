use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use gatepass_http::{Clock as _, DriveError, Shell, drive};
use gatepass_proto::client_auth::{ClientCredentials, Draft, Presented};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::SessionDetails;
use gatepass_proto::decide::record::{Record, Session};
use gatepass_proto::decide::{PasswordFact, Rules};
use gatepass_proto::endpoint::authorize::{Authorize, Login, authorize, consent};
use gatepass_proto::endpoint::device::{self, UserCode};
use gatepass_proto::endpoint::token::{TokenRequest, token};
use gatepass_proto::endpoint::{introspect, revoke};
use gatepass_proto::flow::{
    CodeFlow, CodeSetup, Endpoint, Flow, IntrospectFlow, RevokeFlow, TokenFlow,
};
use gatepass_proto::grant::GrantParams;
use gatepass_proto::grant::refresh_token::Refresh;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::jose::access_token::TYP;
use gatepass_proto::message::device::DeviceAuthorizationResponse;
use gatepass_proto::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use gatepass_proto::message::revocation::RevocationRequest;
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{Cx, Digest, OAuthError, Params, Secret, Timestamp, UserId};
use gatepass_server::judge::{Judge, Nothing, PasswordCheck};
use gatepass_store::{Store, StoreError};
use http::header::AUTHORIZATION;
use url::Url;

use crate::cast::{ISSUER, REDIRECT_URI, client, rules, user};
use crate::wire::{Fault, Wire};
use crate::{Seeded, Stepped, Turns, VirtualClock};

/// A server and its clients in one process, with nothing but bytes between them.
pub struct Pair {
    /// The time, for both.
    pub clock: VirtualClock,
    /// The store, one step at a time.
    pub store: Stepped,
    /// Who may take the next step.
    pub turns: Arc<Turns>,
    rules: Rules,
    signing: SigningKey,
    client: ClientCredentials,
    user_id: UserId,
    entropy: Mutex<Seeded>,
}

impl Pair {
    /// A pair over an empty store, with one confidential client and one user.
    pub async fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        let mut entropy = Seeded::new(seed);
        let clock = VirtualClock::at(Timestamp::from_secs(1_800_000_000));
        let turns = Arc::new(Turns::default());
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .expect("the library makes keys");
        let signing = SigningKey::from_pkcs8(der.as_ref()).expect("a P-256 key");
        let secret = Secret::new("gp_cs_the-secret-of-the-pair");
        let user_id = UserId::generate(&mut Cx::new(clock.now(), &mut entropy));
        let pair = Self {
            rules: rules(&signing),
            client: ClientCredentials::confidential("cl_pair", secret.clone()),
            store: Stepped::new(store, Arc::clone(&turns)),
            entropy: Mutex::new(entropy),
            clock,
            turns,
            signing,
            user_id,
        };
        let records = [
            Record::Client(client(&secret)),
            Record::User(user(&pair.user_id)),
        ];
        pair.store
            .commit(records.map(Change::Insert).to_vec())
            .await
            .expect("an empty store takes them");
        pair
    }

    /// The rules the server judges by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Logs in through the browser and redeems the code.
    pub async fn log_in(&self) -> Result<TokenResponse, DriveError> {
        let mut flow = CodeFlow::new(self.setup());
        Ok(self.drive(&mut flow, Fault::None).await?.token)
    }

    /// What the client of this pair needs for a login.
    pub fn setup(&self) -> CodeSetup {
        CodeSetup {
            token: self.endpoint("token").into(),
            issuer: Some(ISSUER.to_owned()),
            iss_promised: true,
            authorization_endpoint: format!("{ISSUER}/authorize"),
            pushed_authorization_request_endpoint: None,
            request_object: false,
            jarm: None,
            redirect_uri: REDIRECT_URI.to_owned(),
            scope: None,
            resource: Vec::new(),
            authorization_details: None,
            params: Vec::new(),
        }
    }

    fn endpoint(&self, name: &str) -> Endpoint {
        Endpoint::new(format!("{ISSUER}/{name}"), self.client.clone())
    }

    /// Asks the token endpoint by any grant.
    pub async fn ask(
        &self,
        grant: &impl GrantParams,
        fault: Fault,
    ) -> Result<TokenResponse, DriveError> {
        let mut flow = TokenFlow::new(self.endpoint("token"), grant);
        Ok(self.drive(&mut flow, fault).await?.token)
    }

    /// Presents a refresh token.
    pub async fn refresh(&self, token: &Secret, fault: Fault) -> Result<TokenResponse, DriveError> {
        self.ask(
            &Refresh {
                refresh_token: token.clone(),
                scope: None,
            },
            fault,
        )
        .await
    }

    /// Asks whether a token is good.
    pub async fn introspect(&self, token: &Secret) -> Result<IntrospectionResponse, DriveError> {
        let request = IntrospectionRequest {
            token: token.clone(),
        };
        let mut flow = IntrospectFlow::new(self.endpoint("introspect"), &request);
        self.drive(&mut flow, Fault::None).await
    }

    /// Revokes a token.
    pub async fn revoke(&self, token: &Secret) -> Result<(), DriveError> {
        let request = RevocationRequest {
            token: token.clone(),
        };
        let mut flow = RevokeFlow::new(self.endpoint("revoke"), &request);
        self.drive(&mut flow, Fault::None).await
    }

    /// Drives a client's flow against the server, over a network with this fault.
    pub async fn drive<F: Flow>(
        &self,
        flow: &mut F,
        fault: Fault,
    ) -> Result<F::Output, DriveError> {
        let wire = Wire { pair: self, fault };
        let shell = Shell {
            transport: &wire,
            clock: &self.clock,
            person: &wire,
        };
        drive(flow, &shell, &mut self.fork()).await
    }

    /// The server's end: one request in bytes, one answer in bytes.
    pub async fn serve(&self, request: &http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
        let answered = self.answer(request).await;
        let (status, body) = match &answered {
            Ok(body) => (http::StatusCode::OK, body.to_string()),
            Err(error) => (error.status(), error.to_json().to_string()),
        };
        let mut response = http::Response::new(body.into_bytes());
        *response.status_mut() = status;
        response
    }

    /// The browser's end: the user follows the link, logs in and consents.
    pub async fn browse(&self, url: &Url) -> Result<Params, OAuthError> {
        let params = Params::parse_form(url.query().unwrap_or_default().as_bytes())
            .map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
        let asked = self
            .judge()
            .run(&mut self.fork(), |facts, cx| {
                authorize(&params, facts, &self.rules, cx.now)
            })
            .await?;
        let back = match asked {
            Authorize::Back(return_to, error) => return_to.url(Err(&error)),
            Authorize::Keep(_) => panic!("nothing is fetched here"),
            Authorize::Ask(asked) => {
                let login = Login::plain(self.user_id.clone(), self.clock.now());
                let code = self
                    .judge()
                    .run(&mut self.fork(), |facts, cx| {
                        consent(&asked, &login, facts, &self.rules, cx)
                    })
                    .await?;
                asked.return_to.url(Ok(code))
            }
        };
        let query = back.split_once('?').map_or("", |(_, query)| query);
        Params::parse_form(query.as_bytes())
            .map_err(|fault| OAuthError::invalid_request(fault.to_string()))
    }

    /// The device's end of a device authorization request (RFC 8628 §3.1).
    pub async fn begin_on_device(&self) -> DeviceAuthorizationResponse {
        let mut draft = Draft::default();
        draft.params.push("scope", "read");
        let mut entropy = self.fork();
        let mut cx = Cx::new(self.clock.now(), &mut entropy);
        self.client.attach(&mut draft, &mut cx).expect("a secret");
        let mut request = http::Request::new(draft.params.to_form().into_bytes());
        *request.uri_mut() = http::Uri::from_static("/device_authorization");
        *request.headers_mut() = draft.headers;
        let answer = self.serve(&request).await;
        DeviceAuthorizationResponse::parse(answer.body()).expect("an answer")
    }

    /// The user types a device's code, logs in and answers.
    pub async fn answer_device(&self, user_code: &str, allow: bool) -> Result<(), OAuthError> {
        let code = UserCode::read(user_code).expect("a code");
        let digest = Digest::of(format!("session {}", self.fork().draw()));
        let session = Session {
            digest,
            user_id: self.user_id.clone(),
            auth_time: self.clock.now(),
            expires_at: self.clock.now() + self.rules.lifetimes.session,
            details: SessionDetails::default(),
        };
        let session = vec![Change::Insert(Record::Session(session))];
        self.store.commit(session).await.expect("a login");
        self.judge()
            .run(&mut self.fork(), |facts, cx| {
                device::answer(&code, &digest, allow, facts, cx.now)
            })
            .await
            .map(|_| ())
    }

    async fn answer(
        &self,
        request: &http::Request<Vec<u8>>,
    ) -> Result<serde_json::Value, OAuthError> {
        let params = Params::parse_form(request.body())
            .map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
        let authorization = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let presented = Presented::read(authorization, &params);
        let (judge, mut entropy) = (self.judge(), self.fork());
        match request.uri().path() {
            "/token" => {
                let asked = TokenRequest {
                    presented,
                    json: false,
                    dpop: None,
                };
                let issue = judge
                    .run(&mut entropy, |facts, cx| {
                        token(&asked, facts, &self.rules, cx)
                    })
                    .await?;
                let claims = issue.access_token;
                let access_token = self.signing.sign(TYP, &claims).expect("the key signs");
                let answer = TokenResponse {
                    expires_in: Some(claims.exp - claims.iat),
                    refresh_token: issue.refresh_token,
                    scope: Some(claims.scope),
                    ..TokenResponse::bearer(Secret::new(access_token))
                };
                Ok(answer.to_json())
            }
            "/introspect" => {
                let answer = judge
                    .run(&mut entropy, |facts, cx| {
                        introspect::introspect(&presented, facts, &self.rules, cx.now)
                    })
                    .await?;
                Ok(serde_json::to_value(answer.answer).expect("serialises"))
            }
            "/revoke" => {
                judge
                    .run(&mut entropy, |facts, cx| {
                        revoke::revoke(&presented, facts, &self.rules, cx.now)
                    })
                    .await?;
                Ok(serde_json::json!({}))
            }
            "/device_authorization" => {
                let page = Url::parse(&format!("{ISSUER}/device")).expect("a URL");
                let answer = judge
                    .run(&mut entropy, |facts, cx| {
                        device::authorize(&presented, &page, facts, &self.rules, cx)
                    })
                    .await?;
                Ok(answer.to_json())
            }
            other => Err(OAuthError::invalid_request(format!("no endpoint {other}"))),
        }
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            store: &self.store,
            clock: &self.clock,
            passwords: self,
            outside: &Nothing,
        }
    }

    /// A stream of its own for one request, so that concurrent requests do not draw from each other's.
    fn fork(&self) -> Seeded {
        Seeded::new(
            self.entropy
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .draw(),
        )
    }
}

#[async_trait]
impl PasswordCheck for Pair {
    async fn check(&self, username: &str, given: &Secret) -> Result<PasswordFact, StoreError> {
        let right = username == "user" && given.ct_eq("right");
        Ok(if right {
            PasswordFact::Right(self.user_id.clone())
        } else {
            PasswordFact::Wrong
        })
    }
}
