use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock, HttpTransport};
use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::{AccessToken, AccessTokenFault, Expect, TYP};
use gatepass_proto::jose::{JwsFault, KeySet, VerifiedJws};
use gatepass_proto::{Secret, Timestamp};

use super::asker::Asker;
use super::server::Server;
use super::{Issuer, KeySource, untyped};
use crate::ports::Unavailable;
use crate::refusal::Refusal;

/// An [`Issuer`] at work.
pub(crate) struct Checker {
    issuer: Issuer,
    server: Arc<Server>,
    asker: Option<Asker>,
}

impl Checker {
    /// `transport` is for an issuer that has none of its own.
    pub(crate) fn new(
        issuer: Issuer,
        transport: Option<HttpTransport>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let transport = issuer.transport.clone().or(transport);
        let server = Server::new(&issuer.issuer, transport, Arc::clone(clock));
        let server = Arc::new(server.observed(issuer.observer.clone()));
        let introspection = issuer.introspection.clone();
        Self {
            asker: introspection.map(|introspection| Asker::new(introspection, server.clone())),
            server,
            issuer,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.issuer.issuer
    }

    pub(crate) fn leeway(&self) -> Duration {
        self.issuer.leeway
    }

    /// Whether it is asked about tokens that are no JWTs.
    pub(crate) fn introspects(&self) -> bool {
        self.asker.is_some()
    }

    /// Whether it is asked about its JWTs too.
    pub(crate) fn introspects_all(&self) -> bool {
        let asker = self.asker.as_ref();
        asker.is_some_and(|asker| asker.introspection.all_tokens)
    }

    /// Whether somebody here knows gatepass's own opaque tokens.
    pub(crate) fn knows_opaque_tokens(&self) -> bool {
        self.issuer.opaque_tokens.is_some()
    }

    /// Whether its tokens could be checked now: its keys are known or can be fetched, or it can be asked.
    pub(crate) async fn reach(&self) -> Result<(), Unavailable> {
        match (self.keys(None).await, &self.asker) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(asker)) => asker.reach().await,
            (Err(why), None) => Err(why),
        }
    }

    /// Checks a JWT in all that does not change while it is good, and says by which keys.
    pub(crate) async fn verify(
        &self,
        token: &str,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<(AccessToken, Arc<KeySet>), Refusal> {
        let keys = self.keys(kid).await?;
        let claims = self.read(token, &keys).and_then(|claims| {
            claims.check_claims(&self.expect(), now)?;
            Ok(claims)
        });
        match claims {
            Ok(claims) => Ok((claims, keys)),
            Err(fault) => Err(Refusal::InvalidToken(Cow::Owned(fault.to_string()))),
        }
    }

    /// Whether what these keys have shown a moment ago still holds. A port's new keys count at once; those that are fetched
    /// are kept for longer than that moment anyway.
    pub(crate) async fn still_has(&self, keys: &Arc<KeySet>) -> Result<bool, Unavailable> {
        match &self.issuer.keys {
            KeySource::Port(port) => Ok(Arc::ptr_eq(&port.current(None).await?, keys)),
            KeySource::Metadata | KeySource::At(_) => Ok(true),
        }
    }

    async fn keys(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        match &self.issuer.keys {
            KeySource::Metadata => self.server.keys(kid).await,
            KeySource::At(url) => self.server.keys_at(url, kid).await,
            KeySource::Port(keys) => keys.current(kid).await,
        }
    }

    fn read(&self, token: &str, keys: &KeySet) -> Result<AccessToken, AccessTokenFault> {
        let jws = VerifiedJws::check(token, keys)?;
        let allowed = &self.issuer.algorithms;
        if !allowed.is_empty() && !allowed.iter().any(|name| name == jws.alg) {
            return Err(JwsFault::Algorithm.into());
        }
        match jws.typ.as_deref() {
            Some(TYP) => serde_json::from_slice(&jws.payload).map_err(|_| AccessTokenFault::Claims),
            None | Some("jwt") if self.issuer.untyped => untyped::read(&jws.payload),
            _ => Err(AccessTokenFault::Typ),
        }
    }

    /// Whether a good token was withdrawn.
    pub(crate) async fn check_revoked(&self, claims: &AccessToken) -> Result<(), Refusal> {
        match &self.issuer.revocations {
            Some(revocations) if !revocations.is_live(claims).await? => {
                Err(Refusal::token("token has been revoked"))
            }
            _ => Ok(()),
        }
    }

    /// Looks one of gatepass's own opaque tokens up. A typing error does not reach the port, for the token has a checksum.
    pub(crate) async fn find_opaque(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<AccessToken, Refusal> {
        const UNKNOWN: Refusal = Refusal::token("token is not known, has expired or was withdrawn");
        opaque::decode(opaque::ACCESS_TOKEN, token.expose()).ok_or(UNKNOWN)?;
        let tokens = self.issuer.opaque_tokens.as_ref().ok_or(UNKNOWN)?;
        let claims = tokens.find(&token.digest()).await?.ok_or(UNKNOWN)?;
        match claims.check_claims(&self.expect(), now) {
            Ok(()) => Ok(claims),
            Err(AccessTokenFault::Audience) => Err(Refusal::token("token is for another audience")),
            Err(_) => Err(UNKNOWN),
        }
    }

    /// Asks the issuer about a token.
    pub(crate) async fn introspect(&self, token: &Secret) -> Result<Arc<AccessToken>, Refusal> {
        match &self.asker {
            Some(asker) => asker.ask(token, &self.expect()).await,
            None => Err(Refusal::token("token is malformed")),
        }
    }

    fn expect(&self) -> Expect<'_> {
        Expect {
            issuer: &self.issuer.issuer,
            audience: Some(&self.issuer.audience),
            leeway: self.issuer.leeway,
        }
    }
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.issuer.fmt(f)
    }
}
