use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Clock, HttpTransport};
use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::AccessToken;
use gatepass_proto::jose::{KeySet, NamedKey, VerifiedJws};
use gatepass_proto::{Secret, Timestamp};

use crate::issuer::{Checker, Issuer};
use crate::ports::Unavailable;
use crate::refusal::Refusal;
use crate::remembered::Remembered;

/// How long a signature that was checked is not checked again.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The most tokens of which that is remembered.
const MAX_VERIFIED: usize = 10_000;

/// The access tokens of every issuer.
pub(crate) struct Tokens {
    issuers: Vec<Checker>,
    /// What was found good.
    verified: Remembered<Verified>,
}

/// A JWT that was found good.
#[derive(Clone)]
struct Verified {
    /// Whose it is.
    issuer: usize,
    /// By which keys.
    keys: Arc<KeySet>,
    claims: Arc<AccessToken>,
}

impl Tokens {
    pub(crate) fn new(
        issuers: Vec<Issuer>,
        transport: Option<HttpTransport>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let checker = |issuer| Checker::new(issuer, transport.clone(), clock);
        Self {
            issuers: issuers.into_iter().map(checker).collect(),
            verified: Remembered::new(MAX_VERIFIED),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    pub(crate) fn issuers(&self) -> &[Checker] {
        &self.issuers
    }

    /// What the token is good for. Whether whoever shows it may use it is still open.
    pub(crate) async fn check(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, Refusal> {
        let text = token.expose();
        if text.starts_with(opaque::ACCESS_TOKEN)
            && let Some(issuer) = self.find(Checker::knows_opaque_tokens)
        {
            return issuer.find_opaque(token, now).await.map(Arc::new);
        }
        let tag = self.verified.tag(&[text]);
        if let Some(found) = self.verified.find(&tag, now) {
            let issuer = self.at(found.issuer)?;
            if issuer.still_has(&found.keys).await? {
                issuer.check_revoked(&found.claims).await?;
                return Ok(found.claims);
            }
        }
        let Some(named) = NamedKey::read(text) else {
            return self.ask(token).await;
        };
        let (at, issuer) = self.named(named.iss.as_deref())?;
        if issuer.introspects_all() {
            return issuer.introspect(token).await;
        }
        let (claims, keys) = issuer.verify(text, named.kid.as_deref(), now).await?;
        let claims = Arc::new(claims);
        let end = Timestamp::from_secs(claims.exp) + issuer.leeway();
        let until = end.min(now + MAX_AGE);
        let verified = Verified {
            issuer: at,
            keys,
            claims: claims.clone(),
        };
        self.verified.insert(tag, now, until, verified);
        issuer.check_revoked(&claims).await?;
        Ok(claims)
    }

    /// Whether tokens of one issuer at least could be checked now; why not, of the first.
    pub(crate) async fn reach(&self) -> Result<(), Unavailable> {
        let mut first = None;
        for issuer in &self.issuers {
            match issuer.reach().await {
                Ok(()) => return Ok(()),
                Err(why) => first = first.or(Some(why)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// The issuer that a token says it is from. Nobody is asked about any other.
    fn named(&self, iss: Option<&str>) -> Result<(usize, &Checker), Refusal> {
        let mut issuers = self.issuers.iter().enumerate();
        let found = issuers.find(|(_, own)| iss == Some(own.name()));
        found.ok_or(Refusal::token("token is from another issuer"))
    }

    /// Of a token that does not say whose it is.
    async fn ask(&self, token: &Secret) -> Result<Arc<AccessToken>, Refusal> {
        let text = token.expose();
        let own = text.starts_with(opaque::ACCESS_TOKEN);
        // A typing error in one of gatepass's own reaches nobody: it has a checksum.
        if own && opaque::decode(opaque::ACCESS_TOKEN, text).is_none() {
            return Err(Refusal::token("token is malformed"));
        }
        if let Some(issuer) = self.find(Checker::introspects) {
            return issuer.introspect(token).await;
        }
        let fault = VerifiedJws::check(text, &KeySet::default()).err();
        let fault = fault.map_or("token is malformed".to_owned(), |fault| fault.to_string());
        Err(Refusal::InvalidToken(fault.into()))
    }

    fn find(&self, which: fn(&Checker) -> bool) -> Option<&Checker> {
        self.issuers.iter().find(|issuer| which(issuer))
    }

    fn at(&self, index: usize) -> Result<&Checker, Refusal> {
        let issuer = self.issuers.get(index);
        issuer.ok_or(Refusal::token("token is from another issuer"))
    }
}
