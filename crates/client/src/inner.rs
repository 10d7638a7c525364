//! What all clones of a session share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatepass_http::{
    AnswerCache, Caching, Clock, DriveError, HttpTransport, Nobody, Origin, OsEntropy, Person,
    Shell, Transport, check_url, drive,
};
use gatepass_proto::dpop::Dpop;
use gatepass_proto::flow::{Flow, Skew};
use gatepass_proto::jose::KeySet;
use gatepass_proto::message::protected_resource::{closeness, covers};
use gatepass_proto::{Scope, Secret};
use http::Request;
use http::header::ACCEPT;
use url::{Position, Url};

use crate::attach::Current;
use crate::discover::{Finding, bounds};
use crate::flight::Flight;
use crate::server::{self, Door, Server};
use crate::tokens::{StoredToken, TokenKey, TokenStore};
use crate::{Credential, Discover, Error, LoginOptions, OAuth, Session, Status, digest};

/// Whose clones they are, and with what they work.
pub(crate) struct Inner {
    pub(crate) credential: Credential,
    pub(crate) api: Vec<Origin>,
    pub(crate) transport: Arc<HttpTransport>,
    /// What carries protocol messages in place of the network.
    pub(crate) network: Option<Arc<dyn Transport>>,
    /// Metadata and keys, as servers publish them.
    pub(crate) documents: Arc<AnswerCache>,
    /// Whether we show a certificate.
    pub(crate) certified: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) person: Option<(Arc<dyn Person>, LoginOptions)>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) key: TokenKey,
    /// What of `api` the tokens are for, where that is less than all of it.
    pub(crate) within: Arc<[Url]>,
    pub(crate) finding: Finding,
    pub(crate) flight: Flight<Result<StoredToken, Error>>,
    pub(crate) logins: Flight<Result<StoredToken, Error>>,
    pub(crate) state: Mutex<State>,
    pub(crate) metadata: tokio::sync::Mutex<server::Known>,
}

/// What this process remembers of its token.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) current: Option<Current>,
    /// A token that a resource refused.
    pub(crate) rejected: Option<Secret>,
    /// The key that the token is bound to, with the nonces that servers gave for it.
    pub(crate) proofs: Option<Dpop>,
    /// How far the resource's clock is from ours, once it has refused a proof for its date.
    pub(crate) skew: Option<Skew>,
    /// The scope that a person was last asked for beyond the profile's: not again, whatever came of it.
    pub(crate) asked: Option<Scope>,
    /// The challenge that a password is proven by (RFC 7616).
    pub(crate) digest: Option<digest::Remembered>,
}

impl Inner {
    /// The network is asked only for what the credential is for.
    pub(crate) fn admit(&self, url: &Url) -> Result<(), Error> {
        check_url(url).map_err(|error| Error::Setup(error.to_string()))?;
        if self.is_ours(url) {
            return Ok(());
        }
        if self.api.iter().any(|origin| origin.covers(url)) {
            return Err(Error::OtherResource {
                url: url[..Position::AfterPath].to_owned(),
                resource: self.within.iter().map(ToString::to_string).collect(),
            });
        }
        Err(Error::WrongOrigin {
            origin: url.origin().ascii_serialization(),
            api: self.api.clone(),
        })
    }

    /// Whether the credential is for whom this URL belongs to.
    pub(crate) fn is_ours(&self, url: &Url) -> bool {
        let within = self.within.is_empty() || self.within.iter().any(|own| covers(own, url));
        within && self.api.iter().any(|origin| origin.covers(url))
    }

    /// Whether the credential is one that was found out.
    pub(crate) fn is_discovered(&self) -> bool {
        matches!(&self.credential, Credential::OAuth(oauth) if oauth.discovered)
    }

    /// How close what the credential is for is to `url`; `None`, where it is not for it.
    pub(crate) fn closeness(&self, url: &Url) -> Option<usize> {
        let close = self.within.iter().filter_map(|own| closeness(own, url));
        match self.within.is_empty() {
            true => Some(0),
            false => close.max(),
        }
        .filter(|_| self.is_ours(url))
    }

    /// Whom a credential is for that is for one only.
    pub(crate) fn only_api(&self) -> Option<Url> {
        match self.api.as_slice() {
            [only] => only.as_str().parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn with_scope(self: &Arc<Self>, scope: &Scope) -> Session {
        let credential = match &self.credential {
            Credential::OAuth(oauth) => Credential::OAuth(Box::new(OAuth {
                scope: Some(scope.clone()),
                ..(**oauth).clone()
            })),
            Credential::Discover(discover) => Credential::Discover(Box::new(Discover {
                scope: Some(scope.clone()),
                ..(**discover).clone()
            })),
            other => other.clone(),
        };
        // What a person has to grant stands beside nothing; what we can ask for ourselves is kept by its scope.
        let key = match credential.needs_person() {
            true => self.key.clone(),
            false => self.key.for_scope(scope),
        };
        let inner = self.like(credential, self.tokens.clone(), key);
        Session {
            inner: Arc::new(inner),
        }
    }

    /// The same for another credential, whose tokens are kept there.
    pub(crate) fn like(
        &self,
        credential: Credential,
        tokens: Arc<dyn TokenStore>,
        key: TokenKey,
    ) -> Self {
        Self {
            within: within(&credential),
            credential,
            api: self.api.clone(),
            transport: self.transport.clone(),
            network: self.network.clone(),
            documents: self.documents.clone(),
            certified: self.certified,
            clock: self.clock.clone(),
            person: self.person.clone(),
            tokens,
            key,
            finding: self.finding.anew(),
            flight: Flight::new(),
            logins: Flight::new(),
            state: Mutex::default(),
            metadata: tokio::sync::Mutex::new(None),
        }
    }

    pub(crate) fn status_of(&self, token: Option<&StoredToken>) -> Status {
        let place = self.tokens.place(&self.key);
        Status::of(&self.credential, &self.api, token, place, self.clock.now())
    }

    /// The keys of the server, as it publishes them.
    pub(crate) async fn keys(&self, server: &Server) -> Result<KeySet, Error> {
        let request = Request::get(server.need(Door::Jwks)?)
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| Error::Setup(error.to_string()))?;
        let answer = self.network().send(request).await?;
        KeySet::parse(answer.body())
            .map_err(|fault| Error::Answer(format!("the server's keys: {fault}")))
    }

    /// The stored token, if it was made for this very credential and has its scope.
    pub(crate) async fn stored(&self) -> Result<Option<StoredToken>, Error> {
        let token = self.tokens.load(&self.key).await?;
        let scope = match &self.credential {
            Credential::OAuth(oauth) => oauth.scope.as_ref(),
            _ => None,
        };
        let binding = self.credential.binding();
        Ok(token.filter(|token| token.binding == binding && token.covers(scope)))
    }

    /// Runs a flow that asks no person.
    pub(crate) async fn drive<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        Ok(self.drive_with(flow, &Nobody).await?)
    }

    pub(crate) async fn drive_with<F: Flow>(
        &self,
        flow: &mut F,
        person: &dyn Person,
    ) -> Result<F::Output, DriveError> {
        let network = self.network();
        let shell = Shell {
            transport: &network,
            clock: &*self.clock,
            person,
        };
        drive(flow, &shell, &mut OsEntropy).await
    }

    /// Runs a flow that asks no person, over this network.
    pub(crate) async fn drive_over<F: Flow>(
        &self,
        network: &dyn Transport,
        flow: &mut F,
    ) -> Result<F::Output, Error> {
        let shell = Shell {
            transport: network,
            clock: &*self.clock,
            person: &Nobody,
        };
        Ok(drive(flow, &shell, &mut OsEntropy).await?)
    }

    /// How protocol messages go out: past the cache of documents, to whom the profile and its server name.
    fn network(&self) -> Arc<dyn Transport> {
        self.network_of(&self.trusted())
    }

    /// The same, where somebody here has chosen `trusted`.
    pub(crate) fn network_of(&self, trusted: &[Url]) -> Arc<dyn Transport> {
        if let Some(network) = &self.network {
            return network.clone();
        }
        let network = self.transport.named_by(trusted);
        Arc::new(Caching::new(network, self.documents.clone()).clock(self.clock.clone()))
    }

    /// Whom the profile itself names: they may be anywhere. What they name may not (RFC 8414 §6).
    pub(crate) fn trusted(&self) -> Vec<Url> {
        let Credential::OAuth(oauth) = &self.credential else {
            return Vec::new();
        };
        // A server that the resource has named was chosen by nobody here.
        if oauth.discovered {
            let api = self.api.iter().filter_map(|own| own.as_str().parse().ok());
            return api.collect();
        }
        let named = oauth.issuer.iter().chain(oauth.endpoints.iter());
        named.filter_map(|url| url.parse().ok()).collect()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn remembered(&self) -> Option<StoredToken> {
        let state = self.state();
        state.current.as_ref().map(|own| own.token.clone())
    }

    pub(crate) fn remember(&self, token: &StoredToken) {
        self.state().current = Some(Current::new(token.clone()));
    }
}

/// What of its origins a credential is for; all of them, where it does not say.
pub(crate) fn within(credential: &Credential) -> Arc<[Url]> {
    match credential {
        Credential::OAuth(oauth) => bounds(oauth).into(),
        _ => Arc::default(),
    }
}
