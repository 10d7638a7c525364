//! Access tokens of issuers that do not keep to RFC 9068.

use gatepass_proto::jose::access_token::{AccessToken, AccessTokenFault, Audience, Confirmation};
use gatepass_proto::{ClientId, Scope};
use serde::Deserialize;
use serde_json::Value;

/// What stands in ID tokens and logout tokens alone (OpenID Connect Core §2, §3.3.2.11; Back-Channel Logout §2.4).
const NOT_IN_ACCESS_TOKENS: [&str; 5] = ["nonce", "at_hash", "c_hash", "s_hash", "events"];

/// The claims under every name that is in use.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: u64,
    #[serde(default)]
    iat: u64,
    nbf: Option<u64>,
    /// Keycloak says here which kind of token it is.
    typ: Option<String>,
    client_id: Option<String>,
    azp: Option<String>,
    appid: Option<String>,
    scope: Option<Words>,
    scp: Option<Words>,
    jti: Option<String>,
    cnf: Option<Confirmation>,
    auth_time: Option<u64>,
    acr: Option<String>,
    act: Option<Value>,
    authorization_details: Option<Value>,
}

/// One text with spaces, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

/// Reads a payload, unless it may be that of an ID token.
pub(super) fn read(payload: &[u8]) -> Result<AccessToken, AccessTokenFault> {
    let Ok(all) = serde_json::from_slice::<serde_json::Map<String, Value>>(payload) else {
        return Err(AccessTokenFault::Claims);
    };
    if NOT_IN_ACCESS_TOKENS
        .iter()
        .any(|name| all.contains_key(*name))
    {
        return Err(AccessTokenFault::Typ);
    }
    let claims: Claims = serde_json::from_slice(payload).map_err(|_| AccessTokenFault::Claims)?;
    if claims.typ.as_deref().is_some_and(|typ| !is_bearer(typ)) {
        return Err(AccessTokenFault::Typ);
    }
    claims.into_token().ok_or(AccessTokenFault::Claims)
}

fn is_bearer(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("bearer") || typ.eq_ignore_ascii_case("dpop")
}

impl Claims {
    fn into_token(self) -> Option<AccessToken> {
        let client_id = self.client_id.or(self.azp).or(self.appid);
        let scope = match self.scope.or(self.scp) {
            Some(words) => words.scope()?,
            None => Scope::empty(),
        };
        Some(AccessToken {
            iss: self.iss,
            sub: self.sub,
            aud: self.aud,
            client_id: ClientId::new(client_id.unwrap_or_default()),
            scope,
            iat: self.iat,
            exp: self.exp,
            nbf: self.nbf,
            jti: self.jti.unwrap_or_default(),
            cnf: self.cnf,
            grant_id: None,
            authorization_details: self.authorization_details,
            act: self.act,
            auth_time: self.auth_time,
            acr: self.acr,
        })
    }
}

impl Words {
    fn scope(self) -> Option<Scope> {
        let text = match self {
            Self::Text(text) => text,
            Self::List(list) => list.join(" "),
        };
        text.parse().ok()
    }
}
