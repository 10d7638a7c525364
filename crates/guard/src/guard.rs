use std::sync::Arc;

use bytes::Bytes;
use gatepass_http::Clock;
use gatepass_proto::Scope;
use gatepass_proto::dpop::Nonces;
use http::{HeaderMap, Method, Request, Response};

use crate::basic::Basic;
use crate::bound::Dpop;
use crate::builder::GuardBuilder;
use crate::challenges::Challenges;
use crate::grpc;
use crate::identity::Identity;
use crate::layer::{GuardLayer, RulesLayer};
use crate::peer::Peer;
use crate::ports::{ApiKeys, Unavailable};
use crate::presented::{Presented, Spoken};
use crate::refusal::Refusal;
use crate::requirement::Requirement;
use crate::resource::ResourceMetadata;
use crate::rules::Rules;
use crate::tokens::Tokens;

/// Which credentials are taken, and how each is checked. Cheap to clone; clones share what they remember.
///
/// * **Basic** (RFC 7617): the port is asked once, and right credentials are then remembered for 60 seconds. So a
///   changed password, and a locked account, are seen after at most 60 seconds.
/// * **Bearer** (RFC 6750): access tokens of any [`Issuer`](crate::Issuer) that was named, JWTs and opaque ones. One that
///   is bound to a key (RFC 9449) passes with the scheme `DPoP` and a proof, where [`GuardBuilder::dpop`] is set, and
///   never otherwise; one that is bound to a certificate (RFC 8705) on a connection with that certificate, as
///   [`PeerCertificate`](crate::PeerCertificate) says.
/// * **API keys**: in `X-API-Key`, or as a Bearer token when they begin with `gp_ak_`. They are looked up on every
///   request.
#[derive(Clone)]
pub struct Guard(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) realm: String,
    pub(crate) basic: Option<Basic>,
    pub(crate) tokens: Tokens,
    pub(crate) api_keys: Vec<Arc<dyn ApiKeys>>,
    pub(crate) dpop: Option<Dpop>,
    pub(crate) nonces: Option<Nonces>,
    pub(crate) resource: Option<ResourceMetadata>,
    pub(crate) implied: Vec<(String, Scope)>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard of the realm `gatepass` that takes no credentials yet.
    pub fn builder() -> GuardBuilder {
        GuardBuilder::new()
    }

    /// A layer that lets pass who meets the requirement: a scope, a login of some kind, or both. With an empty one,
    /// anybody with good credentials.
    pub fn layer(&self, required: impl Into<Requirement>) -> GuardLayer {
        GuardLayer::new(self.clone(), required.into())
    }

    /// A layer that asks of each request what the rules say for its path and method.
    pub fn rules(&self, rules: Rules) -> RulesLayer {
        RulesLayer::new(self.clone(), rules)
    }

    /// Takes the credentials of a request away, and tells who makes it if they are good and meet the requirement. This is
    /// what the layers do, for those who have no tower service.
    ///
    /// # Errors
    ///
    /// Why the request does not pass; [`Guard::refuse`] says so to the client.
    pub async fn check<B>(
        &self,
        request: &mut Request<B>,
        required: &Requirement,
    ) -> Result<Identity, Refusal> {
        let peer = Peer::of(request.extensions());
        let presented = self.take(request)?;
        self.admit(presented, &peer, required).await
    }

    /// Whether somebody who is known already, as by a session, meets the requirement.
    ///
    /// # Errors
    ///
    /// [`Refusal::InsufficientScope`] or [`Refusal::InsufficientLogin`].
    pub fn compare(&self, identity: &Identity, required: &Requirement) -> Result<(), Refusal> {
        if !self.0.opens(&identity.scope, &required.scope) {
            return Err(Refusal::InsufficientScope);
        }
        match required.is_met_by_login(identity, self.0.clock.now()) {
            true => Ok(()),
            false => Err(Refusal::InsufficientLogin),
        }
    }

    /// Whether somebody could be let in now: a user or an API key can be looked up, or the tokens of one issuer can be
    /// checked, for its keys are known or can be fetched, or it can be asked. Where nobody has to show anything, so it is.
    ///
    /// # Errors
    ///
    /// Nobody could, and why.
    pub async fn ready(&self) -> Result<(), Unavailable> {
        match self.0.basic.is_some() || !self.0.api_keys.is_empty() {
            true => Ok(()),
            false => self.0.tokens.reach().await,
        }
    }

    /// The answer to a request that does not pass: status, challenges, and a body in JSON.
    pub fn refuse<B: From<Bytes>>(&self, why: &Refusal, required: &Requirement) -> Response<B> {
        log(why);
        self.challenges(required).respond(why)
    }

    /// The same for a gRPC client (see [`is_grpc`](crate::is_grpc)): status 200 with `grpc-status`, as such a client
    /// understands it, and the challenges all the same.
    pub fn refuse_grpc<B: Default>(&self, why: &Refusal, required: &Requirement) -> Response<B> {
        log(why);
        let mut response = grpc::refusal(why);
        let headers: &mut HeaderMap = response.headers_mut();
        self.challenges(required).mark(why, headers);
        response
    }

    /// What the service says of itself (RFC 9728), where [`GuardBuilder::resource`] is set.
    pub fn resource_metadata(&self) -> Option<&ResourceMetadata> {
        self.0.resource.as_ref()
    }

    /// The answer to a request for the metadata; `None` to any other. The layers give it before anything else.
    pub fn serve_metadata<B: From<Bytes>>(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<Response<B>> {
        let resource = self.0.resource.as_ref()?;
        (path == resource.path()).then(|| resource.respond(method))
    }

    /// Reads the credentials of a request and, when they could be read, takes them away.
    pub(crate) fn take<B>(&self, request: &mut Request<B>) -> Result<Presented, Refusal> {
        let spoken = Spoken {
            api_keys: !self.0.api_keys.is_empty(),
            dpop: self.0.dpop.is_some(),
        };
        let presented = Presented::read(request, spoken)?.ok_or(Refusal::NoCredentials)?;
        Presented::remove(request.headers_mut(), spoken);
        Ok(presented)
    }

    /// Who presents this, if it is good and meets the requirement.
    pub(crate) async fn admit(
        &self,
        presented: Presented,
        peer: &Peer,
        required: &Requirement,
    ) -> Result<Identity, Refusal> {
        let identity = self.0.identify(presented, peer).await?;
        self.compare(&identity, required).map(|()| identity)
    }

    fn challenges<'a>(&'a self, required: &'a Requirement) -> Challenges<'a> {
        let parts = &*self.0;
        let tokens = !parts.tokens.is_empty();
        // Where nobody issues tokens, the metadata lead nowhere.
        let resource = parts.resource.as_ref();
        let resource = resource.filter(|resource| resource.names_servers());
        Challenges {
            realm: &parts.realm,
            bearer: tokens || !parts.api_keys.is_empty(),
            basic: parts.basic.is_some(),
            dpop: tokens && parts.dpop.is_some(),
            nonce: parts.nonce(),
            resource_metadata: resource.map(ResourceMetadata::url),
            required,
        }
    }
}

impl Parts {
    /// Whether a scope, with everything that its tokens stand for, opens another.
    fn opens(&self, scope: &Scope, required: &Scope) -> bool {
        let implies = |token: &str| {
            let mut implied = self.implied.iter();
            implied.any(|(own, more)| scope.contains(own) && more.contains(token))
        };
        required
            .iter()
            .all(|token| scope.contains(token) || implies(token))
    }
}

fn log(why: &Refusal) {
    match why {
        Refusal::Unavailable(error) => tracing::error!(%error, "nobody can be let in"),
        why => tracing::debug!(?why, "refused"),
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("realm", &self.0.realm)
            .field("basic", &self.0.basic.is_some())
            .field("issuers", &self.0.tokens.issuers())
            .field("api_keys", &!self.0.api_keys.is_empty())
            .field("dpop", &self.0.dpop.is_some())
            .finish_non_exhaustive()
    }
}
