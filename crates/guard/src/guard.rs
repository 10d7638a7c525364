use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use gatepass_http::{Clock, SystemClock};
use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::Held;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::{Scope, Secret, Timestamp};
use http::{Request, Response};
use url::Url;

use crate::basic::Basic;
use crate::bound::Dpop;
use crate::identity::{Identity, Scheme};
use crate::jwt::JwtCheck;
use crate::layer::GuardLayer;
use crate::peer::{Peer, PeerCertificate};
use crate::ports::{ApiKeys, OpaqueTokens, Users};
use crate::presented::{Presented, Spoken};
use crate::refusal::{Challenges, Refusal};

/// Which credentials are taken, and how each is checked. Cheap to clone; clones share what they remember.
///
/// * **Basic** (RFC 7617): the port is asked once, and right credentials are then remembered for 60 seconds. So a
///   changed password, and a locked account, are seen after at most 60 seconds.
/// * **Bearer** (RFC 6750): JWT access tokens, and opaque ones where [`GuardBuilder::opaque_tokens`] is set. With a [`Revocations`](crate::Revocations) port a withdrawn token is
///   refused at once, without one when it expires. One that is bound to a key (RFC 9449) passes with the scheme `DPoP`
///   and a proof, where [`GuardBuilder::dpop`] is set, and never otherwise; one that is bound to a certificate (RFC 8705)
///   on a connection with that certificate, as [`PeerCertificate`](crate::PeerCertificate) says.
/// * **API keys**: in `X-API-Key`, or as a Bearer token when they begin with `gp_ak_`. They are looked up on every
///   request.
#[derive(Clone)]
pub struct Guard(Arc<Parts>);

/// Puts a [`Guard`] together. Without any kind of credentials it lets nobody pass.
pub struct GuardBuilder(Parts);

struct Parts {
    realm: String,
    basic: Option<Basic>,
    bearer: Option<JwtCheck>,
    opaque_tokens: Option<Arc<dyn OpaqueTokens>>,
    api_keys: Option<Arc<dyn ApiKeys>>,
    dpop: Option<Dpop>,
    implied: Vec<(String, Scope)>,
    clock: Arc<dyn Clock>,
}

impl Guard {
    /// A guard of the realm `gatepass` that takes no credentials yet.
    pub fn builder() -> GuardBuilder {
        GuardBuilder(Parts {
            realm: "gatepass".to_owned(),
            basic: None,
            bearer: None,
            opaque_tokens: None,
            api_keys: None,
            dpop: None,
            implied: Vec::new(),
            clock: Arc::new(SystemClock),
        })
    }

    /// A layer that lets pass who has all of `required`; with an empty scope, anybody with good credentials.
    pub fn layer(&self, required: Scope) -> GuardLayer {
        GuardLayer::new(self.clone(), required)
    }

    /// Reads the credentials of a request and, when they could be read, takes them away.
    pub(crate) fn take<B>(&self, request: &mut Request<B>) -> Result<Presented, Refusal> {
        let spoken = Spoken {
            api_keys: self.0.api_keys.is_some(),
            dpop: self.0.dpop.is_some(),
        };
        let presented = Presented::read(request, spoken)?.ok_or(Refusal::NoCredentials)?;
        Presented::remove(request.headers_mut(), spoken);
        Ok(presented)
    }

    /// Who presents this, if it is good and opens `required`.
    pub(crate) async fn admit(
        &self,
        presented: Presented,
        peer: &Peer,
        required: &Scope,
    ) -> Result<Identity, Refusal> {
        let identity = self.identify(presented, peer).await?;
        if required.is_subset_of(&self.reach(&identity.scope)) {
            Ok(identity)
        } else {
            Err(Refusal::InsufficientScope)
        }
    }

    /// A scope with everything that its tokens stand for.
    fn reach(&self, scope: &Scope) -> Scope {
        let implied = self
            .0
            .implied
            .iter()
            .filter(|(token, _)| scope.contains(token));
        implied.fold(scope.clone(), |reach, (_, more)| reach.union(more))
    }

    /// The answer to a request that does not pass.
    pub(crate) fn refuse<B: From<Bytes>>(&self, why: &Refusal, required: &Scope) -> Response<B> {
        match why {
            Refusal::Unavailable(error) => tracing::error!(%error, "nobody can be let in"),
            why => tracing::debug!(?why, "refused"),
        }
        why.respond(&Challenges {
            realm: &self.0.realm,
            bearer: self.0.bearer.is_some() || self.0.api_keys.is_some(),
            basic: self.0.basic.is_some(),
            dpop: self.0.bearer.is_some() && self.0.dpop.is_some(),
            required,
        })
    }

    async fn identify(&self, presented: Presented, peer: &Peer) -> Result<Identity, Refusal> {
        let parts = &*self.0;
        let clock = &*parts.clock;
        let held = Held {
            jkt: None,
            x5t_s256: peer.certificate.as_ref().map(PeerCertificate::thumbprint),
        };
        match (presented, &parts.basic, &parts.bearer, &parts.api_keys) {
            (
                Presented::Authorization(Credentials::Basic { username, password }),
                Some(basic),
                ..,
            ) => basic.check(username, &password, peer.from, clock).await,
            (Presented::ApiKey(key), .., Some(keys)) => of_api_key(&key, &**keys).await,
            (Presented::Authorization(Credentials::Bearer(key)), .., Some(keys))
                if key.expose().starts_with(opaque::API_KEY) =>
            {
                of_api_key(&key, &**keys).await
            }
            (Presented::Authorization(Credentials::Bearer(token)), _, Some(jwt), _) => {
                self.of_access_token(&token, jwt, held, clock.now()).await
            }
            (Presented::Bound(bound), _, Some(jwt), _) => match &parts.dpop {
                Some(dpop) => {
                    let now = clock.now();
                    let proof = dpop.check(&bound, now)?;
                    let held = Held {
                        jkt: Some(&proof.jkt),
                        ..held
                    };
                    let identity = self.of_access_token(&bound.token, jwt, held, now).await;
                    let identity = identity.map_err(|why| match why {
                        Refusal::InvalidToken(text) => Refusal::InvalidBound(text),
                        why => why,
                    })?;
                    dpop.admit(&proof, now)?;
                    Ok(identity)
                }
                None => Err(Refusal::NoCredentials),
            },
            (Presented::Authorization(Credentials::Bearer(_)), .., Some(_)) => Err(BAD_KEY),
            _ => Err(Refusal::NoCredentials),
        }
    }

    async fn of_access_token(
        &self,
        token: &Secret,
        jwt: &JwtCheck,
        held: Held<'_>,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        match &self.0.opaque_tokens {
            Some(tokens) if token.expose().starts_with(opaque::ACCESS_TOKEN) => {
                jwt.check_opaque(token, &**tokens, held, now).await
            }
            _ => jwt.check(token.expose(), held, now).await,
        }
    }
}

const BAD_KEY: Refusal = Refusal::InvalidToken(Cow::Borrowed("the API key is not good"));

/// A typing error does not reach the port: the key has a checksum.
async fn of_api_key(key: &Secret, keys: &dyn ApiKeys) -> Result<Identity, Refusal> {
    opaque::decode(opaque::API_KEY, key.expose()).ok_or(BAD_KEY)?;
    let holder = keys.find(&key.digest()).await?.ok_or(BAD_KEY)?;
    Ok(Identity {
        subject: holder.subject.to_string(),
        client_id: None,
        scope: holder.scope,
        scheme: Scheme::ApiKey { name: holder.name },
    })
}

impl GuardBuilder {
    /// What the challenges call the protected space (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.0.realm = realm.into();
        self
    }

    /// Takes usernames and passwords.
    #[must_use]
    pub fn basic(mut self, users: Arc<dyn Users>) -> Self {
        self.0.basic = Some(Basic::new(users));
        self
    }

    /// Takes JWT access tokens.
    #[must_use]
    pub fn bearer(mut self, check: JwtCheck) -> Self {
        self.0.bearer = Some(check);
        self
    }

    /// Takes opaque access tokens besides JWTs, where [`GuardBuilder::bearer`] says of which issuer and for whom.
    #[must_use]
    pub fn opaque_tokens(mut self, tokens: Arc<dyn OpaqueTokens>) -> Self {
        self.0.opaque_tokens = Some(tokens);
        self
    }

    /// Takes access tokens that are bound to a key, with a proof of it (RFC 9449 §7). `base` is the address under which
    /// clients know the service, without the part of the path that the guard sees: proofs name it. What was seen is
    /// remembered by this guard and its clones; another process does not know of it.
    #[must_use]
    pub fn dpop(mut self, base: &Url) -> Self {
        self.0.dpop = Some(Dpop::new(base));
        self
    }

    /// Takes API keys.
    #[must_use]
    pub fn api_keys(mut self, keys: Arc<dyn ApiKeys>) -> Self {
        self.0.api_keys = Some(keys);
        self
    }

    /// Has the scope token `token` open whatever `more` opens, as `admin` may stand for `read write`. One step: what is
    /// implied implies nothing itself.
    #[must_use]
    pub fn implies(mut self, token: impl Into<String>, more: Scope) -> Self {
        self.0.implied.push((token.into(), more));
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.0.clock = clock;
        self
    }

    /// The guard.
    pub fn build(self) -> Guard {
        Guard(Arc::new(self.0))
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("realm", &self.realm)
            .field("basic", &self.basic.is_some())
            .field("bearer", &self.bearer)
            .field("api_keys", &self.api_keys.is_some())
            .field("dpop", &self.dpop.is_some())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
