//! A person's name and password, by whatever door they come in: login page, password grant, login endpoints, Basic.

use std::net::IpAddr;

use async_trait::async_trait;
use gatepass_guard::passwords::Busy;
use gatepass_http::Clock;
use gatepass_proto::Secret;
use gatepass_proto::decide::PasswordFact;
use gatepass_proto::decide::record::{Key, Record, User};
use gatepass_proto::throttle;
use gatepass_store::{Store, StoreError};

use crate::judge::PasswordCheck;
use crate::lanes::Lanes;
use crate::passwords::Passwords;

/// The longest name that is looked up, in bytes.
const MAX_USERNAME: usize = 256;

/// Checks guesses that come from one address.
pub(crate) struct Authenticator<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) passwords: &'a Passwords,
    pub(crate) lanes: &'a Lanes,
    pub(crate) from: Option<IpAddr>,
}

#[async_trait]
impl PasswordCheck for Authenticator<'_> {
    /// Charge, hash, forgive: in this order, so that parallel guesses are counted before any of them is checked, by
    /// however many nodes. A guess that will not be looked at for want of room is not charged.
    async fn check(&self, username: &str, given: &Secret) -> Result<PasswordFact, StoreError> {
        if username.len() > MAX_USERNAME {
            return Ok(PasswordFact::Wrong);
        }
        let _turn = self.lanes.enter(username).await;
        let Ok(place) = self.passwords.place() else {
            return Ok(PasswordFact::Busy);
        };
        let charges = throttle::guess(username, self.from);
        if let Err(throttled) = self.store.charge(&charges, self.clock.now()).await? {
            return Ok(PasswordFact::Throttled(throttled.retry_after));
        }
        let user = find_user(self.store, username).await?;
        let phc = user.as_ref().map(|user| user.password_hash.as_str());
        let right = match self.passwords.verify(place, phc, given).await {
            Ok(right) => right,
            Err(Busy) => return Ok(PasswordFact::Busy),
        };
        match user {
            Some(user) if right && user.locked_at.is_none() => {
                self.store.forgive(&charges).await?;
                Ok(PasswordFact::Right(user.user_id))
            }
            _ => Ok(PasswordFact::Wrong),
        }
    }
}

/// The user of this name, if there is one.
pub(crate) async fn find_user(
    store: &dyn Store,
    username: &str,
) -> Result<Option<User>, StoreError> {
    let found = store.load(&[Key::Username(username.to_owned())]).await?;
    Ok(found.into_iter().flatten().find_map(|record| match record {
        Record::User(user) => Some(user),
        _ => None,
    }))
}
