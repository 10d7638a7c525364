//! The server's half of the assertion methods (RFC 7523 §3, OpenID Connect Core §9): what is believed of an assertion, and
//! by which key.

use std::time::Duration;

use serde::Deserialize;

use super::assertion::ASSERTION_TYPE;
use super::{Sent, Trial};
use crate::decide::Halt;
use crate::decide::change::Change;
use crate::decide::record::Client;
use crate::jose::access_token::Audience;
use crate::jose::{
    FAPI_ALGORITHMS, KeySet, UnverifiedJws, VerifiedJws, hmac, numeric_date, numeric_date_if_any,
};
use crate::{Digest, OAuthError, Secret, Timestamp};

/// The space of the `jti` that were seen; see [`Change::Once`].
pub const SPACE: &str = "client_assertion";

/// How far ahead an assertion may end, so that its `jti` need not be remembered for ever (RFC 7523 §3).
const MAX_AHEAD: Duration = Duration::from_secs(3600);
/// By how much a client's clock may differ; the FAPI 2.0 Security Profile (§5.3.2.1) wants between 10 and 60 seconds.
const LEEWAY: Duration = Duration::from_secs(30);
/// The longest `jti`, in bytes.
const MAX_JTI: usize = 512;

/// An assertion as it came over the wire, believed in nothing yet.
pub(super) struct Assertion {
    token: Secret,
    alg: String,
    kid: Option<String>,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "numeric_date")]
    exp: u64,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    iat: Option<u64>,
    jti: String,
}

impl Assertion {
    /// The assertion of a request, if it has one or means to.
    pub(super) fn read(sent: &Sent<'_>) -> Option<Result<Self, OAuthError>> {
        let typ = sent.params.get("client_assertion_type");
        let token = sent.params.get("client_assertion");
        let read = match (typ, token) {
            (None, None) => return None,
            (Some(ASSERTION_TYPE), Some(token)) => Self::parse(token),
            _ => Err("client_assertion and the client_assertion_type for a JWT belong together"),
        };
        Some(read.map_err(|why| OAuthError::invalid_client().hint(why)))
    }

    fn parse(token: &str) -> Result<Self, &'static str> {
        let said = UnverifiedJws::read(token).map_err(|_| "the assertion is no signed JWT")?;
        let claims = serde_json::from_slice(&said.payload)
            .map_err(|_| "the assertion lacks a claim, or one is of the wrong kind")?;
        Ok(Self {
            token: Secret::new(token),
            alg: said.alg,
            kid: said.kid,
            claims,
        })
    }

    /// Whom it claims to come from.
    pub(super) fn client_id(&self) -> &str {
        &self.claims.sub
    }

    /// Whether it is signed with a secret, and not with a private key.
    pub(super) fn is_symmetric(&self) -> bool {
        self.alg.starts_with("HS")
    }

    /// Checks an assertion that is signed by one of the client's private keys.
    pub(super) fn check_by_keys(&self, client: &Client, trial: &Trial<'_>) -> Result<Change, Halt> {
        self.check_claims(client, trial)?;
        let keys = trial.facts.client_keys(client, self.kid.as_deref())?;
        let registered = client.details.token_endpoint_auth_signing_alg.iter();
        let mut algorithms: Vec<String> = registered.cloned().collect();
        if algorithms.is_empty() && client.details.fapi {
            algorithms = FAPI_ALGORITHMS.map(str::to_owned).to_vec();
        }
        self.check_signature(&keys, &algorithms, None)?;
        Ok(self.once(client))
    }

    /// Checks an assertion that is signed with the client's secret.
    pub(super) fn check_by_secret(
        &self,
        client: &Client,
        trial: &Trial<'_>,
    ) -> Result<Change, Halt> {
        self.check_claims(client, trial)?;
        let registered = client.details.token_endpoint_auth_signing_alg.as_deref();
        if registered.is_some_and(|alg| alg != hmac::HS256) {
            return Err(refused(
                "the assertion's algorithm is not the registered one",
            ));
        }
        let secret = trial.facts.client_secret(client)?;
        self.check_signature(&KeySet::default(), &[hmac::HS256.to_owned()], Some(secret))?;
        Ok(self.once(client))
    }

    /// What needs no key comes first: a stranger's nonsense sends nobody to the client's `jwks_uri`.
    fn check_claims(&self, client: &Client, trial: &Trial<'_>) -> Result<(), Halt> {
        let claims = &self.claims;
        let client_id = client.client_id.as_str();
        if claims.iss != client_id || claims.sub != client_id {
            return Err(refused("iss and sub are not both the client_id"));
        }
        if !is_for_us(&claims.aud, client, trial) {
            return Err(refused("aud is not this server"));
        }
        let at = Timestamp::from_secs;
        if trial.now >= at(claims.exp) + LEEWAY {
            return Err(refused("the assertion has expired"));
        }
        if at(claims.exp) > trial.now + MAX_AHEAD + LEEWAY {
            return Err(refused("the assertion ends more than an hour ahead"));
        }
        let begins = claims
            .nbf
            .unwrap_or_default()
            .max(claims.iat.unwrap_or_default());
        if at(begins) > trial.now + LEEWAY {
            return Err(refused("the assertion is not valid yet"));
        }
        if claims.jti.is_empty() || claims.jti.len() > MAX_JTI {
            return Err(refused("jti is empty or too long"));
        }
        Ok(())
    }

    fn check_signature(
        &self,
        keys: &KeySet,
        algorithms: &[String],
        secret: Option<&Secret>,
    ) -> Result<(), Halt> {
        let token = self.token.expose();
        let jws = VerifiedJws::check_for_client(token, keys, algorithms, secret)
            .map_err(|fault| refused(&fault.to_string()))?;
        // Every other kind of JWT has another type (RFC 8725 §3.11).
        match jws.typ.as_deref() {
            None | Some("jwt" | "client-authentication+jwt") => Ok(()),
            Some(_) => Err(refused("the JWT is of another kind")),
        }
    }

    /// It is good once, for as long as it would be good.
    fn once(&self, client: &Client) -> Change {
        Change::Once {
            space: SPACE,
            hash: Digest::of(format!("{}\0{}", client.client_id, self.claims.jti)),
            until: Timestamp::from_secs(self.claims.exp) + LEEWAY,
        }
    }
}

/// A client under FAPI has to name the issuer and nothing else (FAPI 2.0 Security Profile §5.3.2.1). Others may name the
/// token endpoint too, as OpenID Connect Core §9 had it, or both; but in no list may there be anybody else.
fn is_for_us(aud: &Audience, client: &Client, trial: &Trial<'_>) -> bool {
    let rules = trial.rules;
    if client.details.fapi {
        return matches!(aud, Audience::One(one) if *one == rules.issuer);
    }
    // RFC 9126 §2 has the last one.
    let names = [&rules.issuer, &rules.token_endpoint, &rules.par_endpoint];
    let ours = |one: &str| names.iter().any(|own| *own == one);
    aud.iter().next().is_some() && aud.iter().all(ours)
}

fn refused(hint: &str) -> Halt {
    OAuthError::invalid_client().hint(hint).into()
}

impl std::fmt::Debug for Assertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertion")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
