use std::fmt;

use gatepass_proto::id_token::IdClaims;
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{Scope, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::FailedRenewal;

/// A token that was obtained.
#[derive(Clone, PartialEq)]
pub struct StoredToken {
    /// The access token.
    pub access_token: Secret,
    /// `token_type`, mostly `Bearer`.
    pub token_type: String,
    /// When it expires; `None` when the server did not say: then it counts as good until a 401.
    pub expires_at: Option<Timestamp>,
    /// When it was asked for.
    pub obtained_at: Timestamp,
    /// The refresh token.
    pub refresh_token: Option<Secret>,
    /// The scope that was granted, where it is known.
    pub scope: Option<Scope>,
    /// Who issued it, where that is known.
    pub issuer: Option<String>,
    /// A digest of whom and what it was asked for, so that a changed profile does not send it elsewhere.
    pub binding: String,
    /// The scope that was asked for, where one was. A server may grant less, and asking again would not change that.
    pub asked_scope: Option<Scope>,
    /// The private key that the token is bound to (RFC 9449), a JWK.
    pub dpop_key: Option<Secret>,
    /// The ID token, once checked; a logout shows it to the server.
    pub id_token: Option<Secret>,
    /// `sub` of the ID token.
    pub subject: Option<String>,
    /// Whose it is, in words that the person knows: their user name or mail address.
    pub account: Option<String>,
    /// `authorization_details` (RFC 9396) as they were granted.
    pub authorization_details: Option<Value>,
    /// What else the server said beside the token, such as Salesforce's `instance_url`.
    pub members: Map<String, Value>,
    /// The last attempt to renew it, if that failed.
    pub failed: Option<FailedRenewal>,
    /// What a newer gatepass has put there; kept as it is.
    pub extra: Map<String, Value>,
}

impl StoredToken {
    /// A token of which nothing else is known.
    pub fn new(access_token: Secret, obtained_at: Timestamp, binding: String) -> Self {
        Self {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_at: None,
            obtained_at,
            refresh_token: None,
            scope: None,
            issuer: None,
            binding,
            asked_scope: None,
            dpop_key: None,
            id_token: None,
            subject: None,
            account: None,
            authorization_details: None,
            members: Map::new(),
            failed: None,
            extra: Map::new(),
        }
    }

    /// A token from an answer to a request that was sent at `now`. The lifetime counts from then, so that it ends
    /// here no later than at the server.
    pub fn obtained(answer: TokenResponse, now: Timestamp, binding: String) -> Self {
        let expires_at = answer.expires_at(now);
        let mut members = answer.extra;
        if let Some(kind) = answer.issued_token_type {
            members.insert("issued_token_type".to_owned(), kind.into());
        }
        Self {
            token_type: answer.token_type,
            expires_at,
            refresh_token: answer.refresh_token,
            scope: answer.scope,
            id_token: answer.id_token,
            authorization_details: answer.authorization_details,
            members,
            ..Self::new(answer.access_token, now, binding)
        }
    }

    /// Adds what a checked ID token says. One that was not checked is not kept.
    #[must_use]
    pub fn identified(mut self, id: Option<&IdClaims>) -> Self {
        match id {
            None => self.id_token = None,
            Some(claims) => {
                self.subject = Some(claims.sub.clone());
                let text = |name: &str| claims.extra.get(name).and_then(Value::as_str);
                let account = text("preferred_username").or_else(|| text("email"));
                self.account = account.map(|text| text.chars().take(MAX_ACCOUNT).collect());
            }
        }
        self
    }

    /// Takes over from the token it replaces what the answer left out: a server that does not rotate sends no
    /// refresh token (RFC 6749 §6), no scope when it is unchanged (§5.1), and often no ID token.
    #[must_use]
    pub fn succeeding(mut self, old: &Self) -> Self {
        self.refresh_token = self.refresh_token.or_else(|| old.refresh_token.clone());
        self.scope = self.scope.or_else(|| old.scope.clone());
        self.asked_scope = self.asked_scope.or_else(|| old.asked_scope.clone());
        self.issuer = self.issuer.or_else(|| old.issuer.clone());
        self.id_token = self.id_token.or_else(|| old.id_token.clone());
        self.subject = self.subject.or_else(|| old.subject.clone());
        self.account = self.account.or_else(|| old.account.clone());
        self.authorization_details = self
            .authorization_details
            .or_else(|| old.authorization_details.clone());
        for (name, value) in &old.members {
            self.members
                .entry(name.as_str())
                .or_insert_with(|| value.clone());
        }
        self.extra = old.extra.clone();
        self
    }

    /// Whether it serves somebody who wants `scope`: it was granted, or was asked for and the server gave what it would.
    pub fn covers(&self, scope: Option<&Scope>) -> bool {
        let Some(wanted) = scope else { return true };
        [&self.scope, &self.asked_scope]
            .into_iter()
            .flatten()
            .any(|own| wanted.is_subset_of(own))
    }

    /// Whether the server would still take it at `now`, as far as is known here.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Reads what [`StoredToken::to_json`] writes.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the content.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| {
            // The error's own text could repeat the content.
            format!(
                "not a token, line {} column {}",
                error.line(),
                error.column()
            )
        })?;
        if wire.version > VERSION {
            return Err(format!(
                "written by a newer gatepass (version {})",
                wire.version
            ));
        }
        Ok(wire.into())
    }

    /// Writes it as JSON.
    pub fn to_json(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let wire = Wire::from(self);
        zeroize::Zeroizing::new(serde_json::to_vec_pretty(&wire).unwrap_or_default())
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("token_type", &self.token_type)
            .field("expires_at", &self.expires_at)
            .field("obtained_at", &self.obtained_at)
            .field("refreshable", &self.refresh_token.is_some())
            .field("scope", &self.scope)
            .field("issuer", &self.issuer)
            .field("dpop", &self.dpop_key.is_some())
            .finish_non_exhaustive()
    }
}

/// The longest account name that is kept, in characters.
const MAX_ACCOUNT: usize = 200;

/// The version of the file format; a file with a higher one is not read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Wire {
    version: u32,
    access_token: String,
    token_type: String,
    /// Milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    obtained_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    binding: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_scope: Option<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization_details: Option<Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed_renewal: Option<FailedRenewal>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl From<Wire> for StoredToken {
    fn from(mut wire: Wire) -> Self {
        use std::mem::take;
        Self {
            access_token: Secret::new(take(&mut wire.access_token)),
            token_type: take(&mut wire.token_type),
            expires_at: wire.expires_at,
            obtained_at: wire.obtained_at,
            refresh_token: wire.refresh_token.take().map(Secret::new),
            scope: wire.scope.take(),
            issuer: wire.issuer.take(),
            binding: take(&mut wire.binding),
            asked_scope: wire.asked_scope.take(),
            dpop_key: wire.dpop_key.take().map(Secret::new),
            id_token: wire.id_token.take().map(Secret::new),
            subject: wire.subject.take(),
            account: wire.account.take(),
            authorization_details: wire.authorization_details.take(),
            members: take(&mut wire.members),
            failed: wire.failed_renewal.take(),
            extra: take(&mut wire.extra),
        }
    }
}

impl From<&StoredToken> for Wire {
    fn from(token: &StoredToken) -> Self {
        Self {
            version: VERSION,
            access_token: token.access_token.expose().to_owned(),
            token_type: token.token_type.clone(),
            expires_at: token.expires_at,
            obtained_at: token.obtained_at,
            refresh_token: exposed(token.refresh_token.as_ref()),
            scope: token.scope.clone(),
            issuer: token.issuer.clone(),
            binding: token.binding.clone(),
            asked_scope: token.asked_scope.clone(),
            dpop_key: exposed(token.dpop_key.as_ref()),
            id_token: exposed(token.id_token.as_ref()),
            subject: token.subject.clone(),
            account: token.account.clone(),
            authorization_details: token.authorization_details.clone(),
            members: token.members.clone(),
            failed_renewal: token.failed.clone(),
            extra: token.extra.clone(),
        }
    }
}

fn exposed(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().to_owned())
}

impl Drop for Wire {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.access_token);
        for secret in [
            &mut self.refresh_token,
            &mut self.dpop_key,
            &mut self.id_token,
        ] {
            zeroize::Zeroize::zeroize(secret);
        }
    }
}
