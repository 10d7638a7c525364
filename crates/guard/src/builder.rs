use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock, Egress, HttpTransport, SystemClock};
use gatepass_proto::Scope;
use gatepass_proto::dpop::Nonces;
use url::Url;

use crate::basic::Basic;
use crate::bound::Dpop;
use crate::guard::{Guard, Parts};
use crate::issuer::{Checker, Issuer};
use crate::ports::{ApiKeys, Users};
use crate::resource::ResourceMetadata;
use crate::seen::SeenProofs;
use crate::tokens::Tokens;

/// Puts a [`Guard`] together. Without any kind of credentials it lets nobody pass.
pub struct GuardBuilder {
    realm: String,
    basic: Option<Basic>,
    issuers: Vec<Issuer>,
    api_keys: Vec<Arc<dyn ApiKeys>>,
    dpop: Option<Dpop>,
    nonces: Option<Nonces>,
    seen: Option<SeenProofs>,
    resource: Option<ResourceMetadata>,
    implied: Vec<(String, Scope)>,
    clock: Arc<dyn Clock>,
}

impl GuardBuilder {
    pub(crate) fn new() -> Self {
        Self {
            realm: "gatepass".to_owned(),
            basic: None,
            issuers: Vec::new(),
            api_keys: Vec::new(),
            dpop: None,
            nonces: None,
            seen: None,
            resource: None,
            implied: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// What the challenges call the protected space (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Takes usernames and passwords.
    #[must_use]
    pub fn basic(mut self, users: Arc<dyn Users>) -> Self {
        self.basic = Some(Basic::new(users));
        self
    }

    /// Takes access tokens of this issuer. There may be several; a token of any other is refused without asking anybody.
    #[must_use]
    pub fn issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Takes access tokens that are bound to a key, with a proof of it (RFC 9449 §7). `base` is the address under which
    /// clients know the service, without the part of the path that the guard sees: proofs name it. What was seen is
    /// remembered by this guard and its clones; another process does not know of it.
    #[must_use]
    pub fn dpop(mut self, base: &Url) -> Self {
        self.dpop = Some(Dpop::new(base));
        self
    }

    /// Remembers the proofs of a key together with other guards, as with one that this takes the place of: what has passed
    /// there passes here no more.
    #[must_use]
    pub fn dpop_seen(mut self, seen: SeenProofs) -> Self {
        self.seen = Some(seen);
        self
    }

    /// Demands one of these nonces in each proof of a key (RFC 9449 §9), where [`GuardBuilder::dpop`] is set: a proof that was
    /// made beforehand, for later, is then refused. Who has none yet gets one with the refusal, in `DPoP-Nonce`, and asks
    /// again. Guards that share the key of their nonces take each other's.
    #[must_use]
    pub fn dpop_nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// Takes the API keys that this port knows. There may be several; they are asked in turn.
    #[must_use]
    pub fn api_keys(mut self, keys: Arc<dyn ApiKeys>) -> Self {
        self.api_keys.push(keys);
        self
    }

    /// Says what the service is and who issues its tokens (RFC 9728): the layers serve it at
    /// `/.well-known/oauth-protected-resource`, and challenges name the place. Where no authorization servers are named in
    /// it, the issuers are.
    #[must_use]
    pub fn resource(mut self, metadata: ResourceMetadata) -> Self {
        self.resource = Some(metadata);
        self
    }

    /// Has the scope token `token` open whatever `more` opens, as `admin` may stand for `read write`. One step: what is
    /// implied implies nothing itself.
    #[must_use]
    pub fn implies(mut self, token: impl Into<String>, more: Scope) -> Self {
        self.implied.push((token.into(), more));
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The guard. Nothing is fetched before it is needed.
    pub fn build(self) -> Guard {
        let tokens = Tokens::new(self.issuers, transport(), &self.clock);
        let mut resource = self.resource;
        if let Some(metadata) = &mut resource {
            let issuers = tokens.issuers().iter().map(Checker::name);
            metadata.complete(issuers, self.dpop.is_some() && !tokens.is_empty());
        }
        let mut dpop = self.dpop;
        if let (Some(dpop), Some(seen)) = (&mut dpop, self.seen) {
            dpop.seen = seen;
        }
        Guard(Arc::new(Parts {
            realm: self.realm,
            basic: self.basic,
            tokens,
            api_keys: self.api_keys,
            dpop,
            nonces: self.nonces,
            resource,
            implied: self.implied,
            clock: self.clock,
        }))
    }
}

/// How an issuer is reached that has no transport of its own: requests wait for it.
fn transport() -> Option<HttpTransport> {
    let egress = Egress {
        connect_timeout: Duration::from_secs(3),
        timeout: Duration::from_secs(5),
        ..Egress::default()
    };
    HttpTransport::new(egress).ok()
}

impl std::fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardBuilder")
            .field("realm", &self.realm)
            .field("basic", &self.basic.is_some())
            .field("issuers", &self.issuers)
            .field("api_keys", &!self.api_keys.is_empty())
            .field("dpop", &self.dpop.is_some())
            .finish_non_exhaustive()
    }
}
