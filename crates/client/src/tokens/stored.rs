use std::fmt;

use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{Scope, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// What a newer gatepass has put there; kept as it is.
    pub extra: Map<String, Value>,
}

impl StoredToken {
    /// A token from an answer to a request that was sent at `now`. The lifetime counts from then, so that it ends
    /// here no later than at the server.
    pub fn obtained(answer: TokenResponse, now: Timestamp, binding: String) -> Self {
        Self {
            access_token: answer.access_token,
            token_type: answer.token_type,
            expires_at: answer
                .expires_in
                .map(|seconds| now + std::time::Duration::from_secs(seconds)),
            obtained_at: now,
            refresh_token: answer.refresh_token,
            scope: answer.scope,
            issuer: None,
            binding,
            extra: Map::new(),
        }
    }

    /// Takes over from the token it replaces what the answer left out: a server that does not rotate sends no
    /// refresh token (RFC 6749 §6), and no scope when it is unchanged (§5.1).
    #[must_use]
    pub fn succeeding(mut self, old: &Self) -> Self {
        self.refresh_token = self.refresh_token.or_else(|| old.refresh_token.clone());
        self.scope = self.scope.or_else(|| old.scope.clone());
        self.issuer = self.issuer.or_else(|| old.issuer.clone());
        self.extra = old.extra.clone();
        self
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
            .finish_non_exhaustive()
    }
}

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
            refresh_token: token
                .refresh_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
            scope: token.scope.clone(),
            issuer: token.issuer.clone(),
            binding: token.binding.clone(),
            extra: token.extra.clone(),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.access_token);
        zeroize::Zeroize::zeroize(&mut self.refresh_token);
    }
}
