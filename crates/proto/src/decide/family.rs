//! Refresh tokens: a token *is* its grant's id, its position in the chain and a MAC over both. The database
//! keeps the head's position and no token, so that there is nothing in it to steal, and the same successor can
//! be given again to whoever lost the answer.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::record::{Family, Grant};
use crate::base::opaque::{self, REFRESH_TOKEN};
use crate::{GrantId, OAuthError, Secret};

/// The versioned keys that refresh tokens are derived with.
#[derive(Clone)]
pub struct RefreshKeys {
    current: u32,
    keys: BTreeMap<u32, Zeroizing<[u8; 32]>>,
}

impl RefreshKeys {
    /// The keys by version; the newest derives new families, the others keep old ones alive. `None` when there
    /// is no key.
    pub fn new(keys: BTreeMap<u32, Zeroizing<[u8; 32]>>) -> Option<Self> {
        let current = *keys.last_key_value()?.0;
        Some(Self { current, keys })
    }

    /// The same keys, of which this one derives new families: a newer one is there for what other nodes have made with it.
    /// `None` when there is no such key.
    #[must_use]
    pub fn with_current(self, current: u32) -> Option<Self> {
        let known = self.keys.contains_key(&current);
        known.then_some(Self { current, ..self })
    }

    /// Whether this version is newer than every key here: another node has it already.
    pub(crate) fn lacks(&self, version: u32) -> bool {
        let newest = self.keys.last_key_value();
        newest.is_none_or(|(newest, _)| version > *newest)
    }

    /// The version that new families use.
    pub fn current(&self) -> u32 {
        self.current
    }

    fn mac(&self, version: u32) -> Option<hmac::Key> {
        Some(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.keys.get(&version)?.as_slice(),
        ))
    }
}

impl std::fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshKeys")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

/// A refresh token as it came over the wire; whether it is genuine is still open.
pub(crate) struct Presented {
    pub(crate) grant_id: GrantId,
    pub(crate) position: u32,
    mac: [u8; 32],
}

/// What a genuine token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the head.
    Head,
    /// It is the one before the head, and the grace still runs.
    Graced,
    /// It is older, or newer than anything we gave away: somebody else has a copy.
    Replayed,
}

impl Presented {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = opaque::decode(REFRESH_TOKEN, text)?;
        let (grant_id, rest) = bytes.split_first_chunk::<16>()?;
        let (position, mac) = rest.split_first_chunk::<4>()?;
        Some(Self {
            grant_id: GrantId::from_bytes(*grant_id),
            position: u32::from_be_bytes(*position),
            mac: mac.try_into().ok()?,
        })
    }

    /// Whether the MAC is ours; in constant time.
    ///
    /// # Errors
    ///
    /// 503 when the key is so new that it has not come here yet: whoever is told that the token is not known throws it away.
    pub(crate) fn is_genuine(
        &self,
        family: &Family,
        keys: &RefreshKeys,
    ) -> Result<bool, OAuthError> {
        if keys.lacks(family.key_version) {
            return Err(OAuthError::unavailable().hint("the refresh key has not come here yet"));
        }
        Ok(keys.mac(family.key_version).is_some_and(|key| {
            hmac::verify(
                &key,
                &message(self.grant_id, self.position, family),
                &self.mac,
            )
            .is_ok()
        }))
    }

    pub(crate) fn standing(
        &self,
        family: &Family,
        grace: std::time::Duration,
        now: crate::Timestamp,
    ) -> Standing {
        if self.position == family.head {
            Standing::Head
        } else if self.position.checked_add(1) == Some(family.head)
            && !grace.is_zero()
            && now <= family.rotated_at + grace
            // A clock that was set back must not open the grace again.
            && family.rotated_at <= now + grace
        {
            Standing::Graced
        } else {
            Standing::Replayed
        }
    }
}

/// The token at `position` of this grant's family; `None` when it has none or its key is lost.
pub(crate) fn derive(grant: &Grant, position: u32, keys: &RefreshKeys) -> Option<Secret> {
    let family = grant.family.as_ref()?;
    let tag = hmac::sign(
        &keys.mac(family.key_version)?,
        &message(grant.grant_id, position, family),
    );
    let mut payload = Zeroizing::new(Vec::with_capacity(52));
    payload.extend_from_slice(grant.grant_id.as_bytes());
    payload.extend_from_slice(&position.to_be_bytes());
    payload.extend_from_slice(tag.as_ref());
    Some(opaque::encode(REFRESH_TOKEN, &payload))
}

fn message(grant_id: GrantId, position: u32, family: &Family) -> Vec<u8> {
    let mut message = b"gatepass refresh 1".to_vec();
    message.extend_from_slice(grant_id.as_bytes());
    message.extend_from_slice(&position.to_be_bytes());
    message.extend_from_slice(&family.seed);
    message
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Presented, RefreshKeys, derive};
    use crate::decide::details::GrantDetails;
    use crate::decide::record::{Family, Grant};
    use crate::{ClientId, ErrorCode, GrantId, Timestamp, UserId};

    fn keys(versions: &[u32], current: u32) -> RefreshKeys {
        let key = |version: &u32| {
            (
                *version,
                [u8::try_from(*version).expect("small"); 32].into(),
            )
        };
        let keys: BTreeMap<_, _> = versions.iter().map(key).collect();
        let keys = RefreshKeys::new(keys).expect("keys");
        keys.with_current(current)
            .expect("the current one is there")
    }

    fn grant(key_version: u32) -> Grant {
        let now = Timestamp::from_secs(1_800_000_000);
        Grant {
            grant_id: GrantId::from_bytes([1; 16]),
            client_id: ClientId::new("app"),
            user_id: UserId::new("us_1"),
            scope: crate::Scope::default(),
            audience: Vec::new(),
            created_at: now,
            expires_at: now,
            revoked_at: None,
            family: Some(Family {
                seed: [2; 16],
                key_version,
                head: 1,
                rotated_at: now,
            }),
            details: Box::new(GrantDetails::default()),
        }
    }

    /// Whether the token that one node gives for this key is genuine to another.
    fn is_genuine(version: u32, to: &RefreshKeys) -> Result<bool, ErrorCode> {
        let grant = grant(version);
        let token = derive(&grant, 1, &keys(&[1, 2, 3], 3)).expect("a token");
        let presented = Presented::parse(token.expose()).expect("its form is good");
        let family = grant.family.as_ref().expect("it has one");
        let genuine = presented.is_genuine(family, to);
        genuine.map_err(|error| error.code())
    }

    #[test]
    fn a_key_is_known_before_it_is_used() {
        let node = keys(&[1, 2], 1);
        assert_eq!(node.current(), 1);
        assert_eq!(is_genuine(1, &node), Ok(true));
        assert_eq!(is_genuine(2, &node), Ok(true));
        assert!(node.with_current(3).is_none());
    }

    /// A client that is told that its token is not known throws it away: only a key that is gone for good may say so.
    #[test]
    fn a_key_that_has_not_come_yet_is_no_refusal() {
        let unavailable = ErrorCode::TemporarilyUnavailable;
        assert_eq!(is_genuine(3, &keys(&[1, 2], 2)), Err(unavailable));
        assert_eq!(is_genuine(1, &keys(&[2, 3], 3)), Ok(false), "retired");
    }
}
