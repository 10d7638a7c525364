//! Asks an issuer about its tokens (RFC 7662), as seldom as it may.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gatepass_http::{Nobody, OsEntropy, Shell, drive};
use gatepass_proto::flow::{Endpoint, IntrospectFlow};
use gatepass_proto::jose::access_token::{AccessToken, Expect};
use gatepass_proto::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use gatepass_proto::{Secret, Timestamp};
use tokio::sync::Semaphore;

use super::answer;
use super::server::Server;
use crate::flights::Flights;
use crate::introspection::Introspection;
use crate::observed::AtIssuer;
use crate::ports::Unavailable;
use crate::refusal::Refusal;
use crate::remembered::{Remembered, Tag};

/// The most good tokens remembered.
const MAX_GOOD: usize = 10_000;
/// The most bad ones. They cost nothing to invent, so they have a place of their own.
const MAX_BAD: usize = 1_000;
/// How long a bad one is remembered at most.
const BAD_FOR: Duration = Duration::from_secs(5);
/// The most questions at once,
const MAX_QUESTIONS: usize = 64;
/// and how long one waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How long an issuer is left alone that could not answer.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Asker {
    pub(crate) introspection: Introspection,
    server: Arc<Server>,
    good: Remembered<Arc<AccessToken>>,
    bad: Remembered<Cow<'static, str>>,
    flights: Flights,
    questions: Semaphore,
    failed_at: Mutex<Option<Timestamp>>,
}

impl Asker {
    pub(crate) fn new(introspection: Introspection, server: Arc<Server>) -> Self {
        Self {
            introspection,
            server,
            good: Remembered::new(MAX_GOOD),
            bad: Remembered::new(MAX_BAD),
            flights: Flights::default(),
            questions: Semaphore::new(MAX_QUESTIONS),
            failed_at: Mutex::default(),
        }
    }

    /// What the token is good for, as the issuer says now or has said a moment ago.
    pub(crate) async fn ask(
        &self,
        token: &Secret,
        expect: &Expect<'_>,
    ) -> Result<Arc<AccessToken>, Refusal> {
        if self.introspection.cache.is_zero() {
            return self.judge(token, expect).await.map(Arc::new);
        }
        let tag = self.good.tag(&[token.expose()]);
        if let Some(known) = self.known(&tag) {
            return known;
        }
        let _turn = self.flights.turn(tag).await;
        if let Some(known) = self.known(&tag) {
            return known;
        }
        // The time begins before the question: what is withdrawn meanwhile is not good any more.
        let now = self.server.clock().now();
        let until = now + self.introspection.cache;
        match self.judge(token, expect).await {
            Ok(claims) => {
                let claims = Arc::new(claims);
                let until = until.min(Timestamp::from_secs(claims.exp));
                self.good.insert(tag, now, until, claims.clone());
                Ok(claims)
            }
            Err(Refusal::InvalidToken(why)) => {
                let until = until.min(now + BAD_FOR);
                self.bad.insert(tag, now, until, why.clone());
                Err(Refusal::InvalidToken(why))
            }
            Err(other) => Err(other),
        }
    }

    fn known(&self, tag: &Tag) -> Option<Result<Arc<AccessToken>, Refusal>> {
        let now = self.server.clock().now();
        let known = match self.good.find(tag, now) {
            Some(claims) => Ok(claims),
            None => Err(Refusal::InvalidToken(self.bad.find(tag, now)?)),
        };
        self.server.tell(AtIssuer::Remembered);
        Some(known)
    }

    /// Whether it is known where to ask.
    pub(crate) async fn reach(&self) -> Result<(), Unavailable> {
        self.endpoint().await.map(drop)
    }

    /// Asks, and believes no more of the answer than would be believed of a JWT.
    async fn judge(&self, token: &Secret, expect: &Expect<'_>) -> Result<AccessToken, Refusal> {
        let answer = self.question(token).await?;
        let now = self.server.clock().now();
        let claims = answer::read(answer, expect, &self.introspection, now)?;
        match claims.check_claims(expect, now) {
            Ok(()) => Ok(claims),
            Err(fault) => Err(Refusal::InvalidToken(Cow::Owned(fault.to_string()))),
        }
    }

    async fn question(&self, token: &Secret) -> Result<IntrospectionResponse, Refusal> {
        let room = tokio::time::timeout(MAX_WAIT, self.questions.acquire()).await;
        let Ok(Ok(_room)) = room else {
            return Err(Refusal::Busy);
        };
        self.check_pause()?;
        let answer = self.send(token).await;
        self.server.tell(match answer {
            Ok(_) => AtIssuer::Asked,
            Err(_) => AtIssuer::Silent,
        });
        let failed_at = answer.is_err().then(|| self.server.clock().now());
        *self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failed_at;
        answer.map_err(|error| {
            tracing::warn!(issuer = self.server.issuer(), %error, "token cannot be introspected");
            Refusal::Unavailable(error)
        })
    }

    fn check_pause(&self) -> Result<(), Unavailable> {
        let now = self.server.clock().now();
        let failed_at = *self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match failed_at.filter(|at| *at <= now && now < *at + PAUSE) {
            Some(_) => Err(Unavailable::new("the issuer did not answer a moment ago")),
            None => Ok(()),
        }
    }

    async fn send(&self, token: &Secret) -> Result<IntrospectionResponse, Unavailable> {
        let endpoint = self.endpoint().await?;
        let request = IntrospectionRequest {
            token: token.clone(),
        };
        let shell = Shell {
            transport: self.server.transport(self.introspection.endpoint.is_some()),
            clock: self.server.clock(),
            person: &Nobody,
        };
        let mut flow = IntrospectFlow::new(endpoint, &request);
        let answer = drive(&mut flow, &shell, &mut OsEntropy).await;
        answer.map_err(Unavailable::new)
    }

    /// Where to ask, and as whom. A server that was named here may have no metadata.
    async fn endpoint(&self) -> Result<Endpoint, Unavailable> {
        let mut client = self.introspection.client.clone();
        let audience = || self.server.issuer().to_owned();
        client.audience.get_or_insert_with(audience);
        let url = match &self.introspection.endpoint {
            Some(url) => url.to_string(),
            None => {
                let metadata = self.server.metadata().await?;
                let listed = &metadata.introspection_endpoint_auth_methods_supported;
                let method = client.choose(false, listed);
                client.method.get_or_insert_with(|| method.to_owned());
                let url = metadata.introspection_endpoint.clone();
                url.ok_or_else(|| self.server.lacks("introspection_endpoint"))?
            }
        };
        Ok(Endpoint::new(url, client))
    }
}
