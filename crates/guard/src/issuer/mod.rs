//! Whose access tokens are taken.

mod answer;
mod asker;
mod checker;
mod server;
mod untyped;

use std::sync::Arc;
use std::time::Duration;

use gatepass_http::HttpTransport;
use url::Url;

use crate::introspection::Introspection;
use crate::observed::{AtIssuer, Observer};
use crate::ports::{Keys, OpaqueTokens, Revocations};

pub(crate) use self::checker::Checker;

/// By how much the issuer's clock and ours may differ where nobody says otherwise.
const LEEWAY: Duration = Duration::from_secs(30);

/// An authorization server whose access tokens are taken, and how they are checked (RFC 9068 §4).
///
/// Its keys are found by its metadata (RFC 8414, OpenID Connect Discovery), fetched when they are first needed, and
/// renewed as their `Cache-Control` says. While the issuer is down, the keys known before serve for another 24 hours; when
/// there are none, nobody passes. A token with an unknown `kid` has them fetched again, at most every 30 seconds.
///
/// What was checked is remembered for a minute: a key that the issuer withdraws at once is believed for so long. What the
/// token says itself, whose it is and whether it was revoked, is looked at on every request.
#[derive(Clone)]
pub struct Issuer {
    issuer: String,
    audience: String,
    keys: KeySource,
    algorithms: Vec<String>,
    untyped: bool,
    leeway: Duration,
    revocations: Option<Arc<dyn Revocations>>,
    opaque_tokens: Option<Arc<dyn OpaqueTokens>>,
    introspection: Option<Introspection>,
    transport: Option<HttpTransport>,
    observer: Option<Observer>,
}

/// Where the keys come from.
#[derive(Clone)]
enum KeySource {
    /// The issuer's metadata name the place.
    Metadata,
    /// This place.
    At(Url),
    /// Somebody knows.
    Port(Arc<dyn Keys>),
}

impl Issuer {
    /// The server that calls itself `issuer`, to the letter (`iss`), and its tokens for `audience` (`aud`): the name of the
    /// service behind the guard, which is the `resource` that clients ask for (RFC 8707). Tokens for others are refused.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys: KeySource::Metadata,
            algorithms: Vec::new(),
            untyped: false,
            leeway: LEEWAY,
            revocations: None,
            opaque_tokens: None,
            introspection: None,
            transport: None,
            observer: None,
        }
    }

    /// Its keys are here, and nobody looks for its metadata.
    #[must_use]
    pub fn jwks_uri(mut self, url: Url) -> Self {
        self.keys = KeySource::At(url);
        self
    }

    /// Its keys are these, as [`FixedKeys`](crate::FixedKeys), or whatever the port says.
    #[must_use]
    pub fn keys(mut self, keys: Arc<dyn Keys>) -> Self {
        self.keys = KeySource::Port(keys);
        self
    }

    /// Believes signatures by these algorithms alone, such as `ES256`. Otherwise every algorithm that is spoken here and
    /// that the key is for will do; none of them is symmetric.
    #[must_use]
    pub fn algorithms<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.algorithms = names.into_iter().map(Into::into).collect();
        self
    }

    /// Takes JWTs that do not say that they are access tokens (`typ: at+jwt`, RFC 9068 §2.1), for issuers that leave it
    /// out, as Keycloak and Microsoft Entra do.
    ///
    /// Such a token can be told from an ID token by what stands in it alone, so one with `nonce`, `at_hash`, `c_hash`,
    /// `s_hash` or a `typ` claim of another kind is refused. This is weaker than a `typ`: never give the service the same
    /// name (`aud`) as a client that logs people in.
    #[must_use]
    pub fn untyped_tokens(mut self) -> Self {
        self.untyped = true;
        self
    }

    /// By how much the issuer's clock and ours may differ. Default 30 seconds.
    #[must_use]
    pub fn leeway(mut self, span: Duration) -> Self {
        self.leeway = span;
        self
    }

    /// Asks on every request whether the token was withdrawn, where somebody within reach knows.
    #[must_use]
    pub fn revocations(mut self, revocations: Arc<dyn Revocations>) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Takes gatepass's own opaque access tokens (`gp_at_…`), where somebody within reach knows them.
    #[must_use]
    pub fn opaque_tokens(mut self, tokens: Arc<dyn OpaqueTokens>) -> Self {
        self.opaque_tokens = Some(tokens);
        self
    }

    /// Asks the issuer about tokens that are no JWTs. Such a token does not say whose it is, so where several issuers have
    /// an introspection only the first of them is asked.
    #[must_use]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.introspection = Some(introspection);
        self
    }

    /// How the issuer is reached. By default nothing takes longer than 5 seconds, and no answer is larger than 1 MiB.
    #[must_use]
    pub fn transport(mut self, transport: HttpTransport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Tells of what happens between the guard and the issuer, at once and from wherever it does: `observe` only takes note.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(AtIssuer) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observe));
        self
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .field("introspection", &self.introspection.is_some())
            .finish_non_exhaustive()
    }
}
