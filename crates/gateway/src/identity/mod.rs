//! How the API learns who asks: in headers that no client can write, or in a JWT.

mod assertion;
mod names;
mod told;
mod values;

use gatepass_guard::Identity;
use gatepass_proto::{Secret, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::config::{ConfigError, IdentityEntry};
use assertion::Assertions;
pub(crate) use names::Reserved;
use told::Told;

/// Tells the API who asks.
pub(crate) struct Introduction {
    headers: bool,
    forwarded_user: bool,
    jwt: Option<Assertions>,
    /// What no client may write.
    pub(crate) reserved: Reserved,
}

/// Somebody who has passed cannot be told of: a name could not be written or signed. Nobody passes unnamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity cannot be written down")]
pub(crate) struct Unspeakable;

/// Every name that is set by [`Introduction::headers`], besides that of the JWT.
const NAMES: [&str; 12] = [
    "x-gatepass-subject",
    "x-gatepass-client-id",
    "x-gatepass-scope",
    "x-gatepass-issuer",
    "x-gatepass-scheme",
    "x-gatepass-username",
    "x-gatepass-email",
    "x-gatepass-groups",
    "x-gatepass-actor",
    "x-gatepass-acr",
    "x-gatepass-auth-time",
    "x-gatepass-token-id",
];
/// The same of [`IdentityEntry::forwarded_user`].
const FORWARDED: [&str; 3] = [
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-preferred-username",
];

impl Introduction {
    /// `issuer` signs JWTs, for `audience` unless the settings name another, with the key of this PEM or one that is drawn.
    ///
    /// # Errors
    ///
    /// A name is none, or the key cannot be used.
    pub(crate) fn new(
        entry: &IdentityEntry,
        issuer: &str,
        audience: Option<&str>,
        key: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Self, ConfigError> {
        for name in &entry.strip {
            let named: Result<HeaderName, _> = name.parse();
            named.map_err(|_| {
                let reason = format!("{name:?} is not the name of a header");
                ConfigError::setting("identity.strip", reason)
            })?;
        }
        let jwt = match &entry.jwt {
            Some(jwt) => Some(Assertions::new(jwt, issuer, audience, key, now)?),
            None => None,
        };
        let forwarded = FORWARDED.into_iter().filter(|_| entry.forwarded_user);
        let own = jwt.iter().map(|jwt: &Assertions| jwt.header.as_str());
        Ok(Self {
            headers: entry.headers,
            forwarded_user: entry.forwarded_user,
            reserved: Reserved::new(own.chain(forwarded), &entry.strip),
            jwt,
        })
    }

    /// The names of all headers that it may set.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let plain = NAMES.iter().filter(|_| self.headers);
        let forwarded = FORWARDED.iter().filter(|_| self.forwarded_user);
        let jwt = self.jwt.iter().map(|jwt| jwt.header.as_str());
        plain.chain(forwarded).copied().chain(jwt)
    }

    /// Whether these headers have one that only we set, in whatever spelling.
    pub(crate) fn is_forged(&self, headers: &HeaderMap) -> bool {
        headers
            .keys()
            .any(|name| self.reserved.is_ours(name.as_str()))
    }

    /// The public keys of signed identities, as a JWK set; an empty one where none are signed.
    pub(crate) fn keys(&self) -> Value {
        let keys = self.jwt.as_ref().map(Assertions::keys);
        keys.unwrap_or_else(|| json!({ "keys": [] }))
    }

    /// What tells of this caller.
    ///
    /// # Errors
    ///
    /// [`Unspeakable`].
    pub(crate) fn headers(
        &self,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<HeaderMap, Unspeakable> {
        let told = Told::of(identity);
        let mut headers = HeaderMap::new();
        if self.headers {
            plain(&told, &mut headers)?;
        }
        if self.forwarded_user {
            forwarded(&told, &mut headers)?;
        }
        if let Some(jwt) = &self.jwt {
            let value = jwt.of(&told, now).ok_or(Unspeakable)?;
            headers.insert(jwt.header.clone(), value);
        }
        Ok(headers)
    }
}

fn plain(told: &Told<'_>, headers: &mut HeaderMap) -> Result<(), Unspeakable> {
    let text = |text: Option<&str>| text.map(values::text);
    let auth_time = told.auth_time.map(|time| time.to_string());
    let all = [
        text(Some(told.subject)),
        text(told.client_id),
        Some(values::scope(&told.scope)),
        text(told.issuer),
        text(Some(told.scheme)),
        text(told.username),
        text(told.email),
        (!told.groups.is_empty()).then(|| values::list(&told.groups)),
        text(told.actor),
        text(told.acr),
        text(auth_time.as_deref()),
        text(told.token_id),
    ];
    set(headers, NAMES.into_iter().zip(all))
}

fn forwarded(told: &Told<'_>, headers: &mut HeaderMap) -> Result<(), Unspeakable> {
    let all = [
        Some(values::text(told.subject)),
        told.email.map(values::text),
        told.username.map(values::text),
    ];
    set(headers, FORWARDED.into_iter().zip(all))
}

fn set(
    headers: &mut HeaderMap,
    all: impl Iterator<Item = (&'static str, Option<Option<HeaderValue>>)>,
) -> Result<(), Unspeakable> {
    for (name, value) in all {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value.ok_or(Unspeakable)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
