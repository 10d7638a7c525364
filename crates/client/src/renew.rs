//! When a token is renewed, and that it is renewed once: one flight in the process, then the lock of its key.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use gatepass_proto::{Secret, Timestamp};

use crate::attach::Current;
use crate::inner::{Inner, State};
use crate::tokens::{FailedRenewal, StoreError, StoredToken};
use crate::{Credential, Error};

/// How long another process may hold the lock: longer than a request and its repetition take.
const PATIENCE: Duration = Duration::from_secs(75);
/// A token is renewed when less than a tenth of its lifetime is left, but never more than this before its end.
const WINDOW: Duration = Duration::from_secs(60);

/// Why the token at hand does not do.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// It must live at least so much longer.
    Age(Duration),
    /// A resource refused this one, or somebody asked for another.
    Rejected(Secret),
}

impl Why {
    fn applies(&self, token: &StoredToken, now: Timestamp) -> bool {
        match self {
            Self::Age(least) => !is_fresh(token, now, *least),
            Self::Rejected(secret) => token.access_token == *secret,
        }
    }
}

/// Whether a token lives long enough: past its window (a tenth of its lifetime, at most a minute), and `least` more. A
/// `least` beyond nine tenths of the lifetime is cut to that, or every call would renew.
pub(crate) fn is_fresh(token: &StoredToken, now: Timestamp, least: Duration) -> bool {
    let Some(end) = token.expires_at else {
        return true;
    };
    let lifetime = end.since(token.obtained_at);
    let need = (lifetime / 10)
        .min(WINDOW)
        .max(least)
        .min(lifetime / 10 * 9);
    now < end && end.since(now) >= need
}

impl Inner {
    /// A token that does, from memory, the store, or a renewal.
    pub(crate) async fn fresh(self: &Arc<Self>, least: Duration) -> Result<StoredToken, Error> {
        let now = self.clock.now();
        if let Some(token) = self.remembered()
            && self.does(&self.state(), &token, now, least)
        {
            return Ok(token);
        }
        // Another process may have renewed it.
        let stored = match self.stored().await {
            Err(error) if error.is_temporary() => {
                return self.keep(self.remembered(), &Why::Age(least), error);
            }
            stored => stored?,
        };
        if let Some(token) = &stored
            && self.does(&self.state(), token, now, least)
        {
            self.remember(token);
            self.keep_found().await?;
            return Ok(token.clone());
        }
        let rejected = self.state().rejected.clone();
        let why = match (stored, rejected) {
            (Some(token), Some(rejected)) if token.access_token == rejected => {
                Why::Rejected(rejected)
            }
            _ => Why::Age(least),
        };
        self.renewed(why).await
    }

    /// A token in place of one that does not do.
    pub(crate) async fn renewed(self: &Arc<Self>, why: Why) -> Result<StoredToken, Error> {
        let mut joined_before = false;
        loop {
            let (own, reason) = (self.clone(), why.clone());
            let work = move || async move { own.renew(&reason).await }.boxed();
            let (outcome, begun) = self.flight.join(work).await;
            let token = outcome
                .ok_or_else(|| Error::Setup("the renewal crashed; this is a bug".into()))??;
            // A flight that began for another reason may have kept the very token that was refused here.
            let useless = matches!(why, Why::Rejected(_)) && why.applies(&token, self.clock.now());
            if begun || joined_before || !useless {
                return Ok(token);
            }
            joined_before = true;
        }
    }

    /// Lock, read again, renew, write, unlock.
    async fn renew(&self, why: &Why) -> Result<StoredToken, Error> {
        let began = self.clock.now();
        let _lock = match self.tokens.lock(&self.key, PATIENCE).await {
            Ok(lock) => lock,
            Err(error) => {
                let known = self.stored().await.unwrap_or_else(|_| self.remembered());
                return self.keep(known, why, error.into());
            }
        };
        let mut old = self.stored().await?;
        for _ in 0..2 {
            if let Some(token) = old
                .as_ref()
                .filter(|token| !why.applies(token, self.clock.now()))
            {
                self.remember(token);
                return Ok(token.clone());
            }
            if let Some(error) = shared(old.as_ref(), began) {
                return self.keep(old, why, error);
            }
            match self.successor(old.as_ref()).await {
                Ok(token) => return Ok(self.keep_new(token).await),
                Err(error) if self.is_over(&error) => {
                    // Somebody who takes no lock may have been faster.
                    let again = self.stored().await?;
                    if again == old {
                        self.forget_client(&error).await;
                        return self.spent(old, why, &error).await;
                    }
                    old = again;
                }
                Err(error) => {
                    let old = self.note_failure(old, &error).await;
                    return self.keep(old, why, error);
                }
            }
        }
        Err(Error::LoginNeeded(
            "the refresh token keeps changing and is never accepted".into(),
        ))
    }

    /// Whether only a login helps: the refresh token is spent, or the server has forgotten the client that registered itself.
    fn is_over(&self, error: &Error) -> bool {
        let forgotten = self.registers() && error.is_refused_as("invalid_client");
        (error.is_invalid_grant() && self.credential.needs_person()) || forgotten
    }

    /// Forgets a registration that the server no longer knows.
    async fn forget_client(&self, error: &Error) {
        if let Credential::OAuth(oauth) = &self.credential
            && error.is_refused_as("invalid_client")
            && let Err(error) = self.forget_registration(oauth).await
        {
            tracing::warn!(%error, "the registration could not be forgotten");
        }
    }

    fn registers(&self) -> bool {
        matches!(&self.credential, Credential::OAuth(oauth) if oauth.registers())
    }

    /// Notes beside the old token, for all who share it, that it could not be renewed. The lock is held.
    async fn note_failure(&self, old: Option<StoredToken>, error: &Error) -> Option<StoredToken> {
        let mut token = old?;
        let failed = FailedRenewal::new(token.failed.as_ref(), error, self.clock.now());
        token.failed = Some(failed);
        if let Err(error) = self.tokens.save(&self.key, &token).await {
            tracing::debug!(%error, "others will not know of it");
        }
        Some(token)
    }

    /// A failure loses nothing: the old token goes on while it lives.
    fn keep(
        &self,
        old: Option<StoredToken>,
        why: &Why,
        error: Error,
    ) -> Result<StoredToken, Error> {
        let now = self.clock.now();
        match (old, why) {
            (Some(token), Why::Age(_)) if token.is_alive(now) => {
                tracing::warn!(%error, "the token could not be renewed yet; using the old one while it lives");
                self.remember(&token);
                Ok(token)
            }
            _ => Err(error),
        }
    }

    /// The refresh token is spent or revoked. The access token may be used while it lives, but not renewed.
    async fn spent(
        &self,
        old: Option<StoredToken>,
        why: &Why,
        error: &Error,
    ) -> Result<StoredToken, Error> {
        let reason = format!("the server no longer accepts the refresh token ({error})");
        let Some(mut token) = old else {
            return Err(Error::LoginNeeded(reason));
        };
        token.refresh_token = None;
        token.failed = None;
        if let Err(error) = self.tokens.save(&self.key, &token).await {
            tracing::warn!(%error, "it could not be noted that the refresh token is spent; it will be tried again");
        }
        match why {
            Why::Age(_) if token.is_alive(self.clock.now()) => {
                self.remember(&token);
                Ok(token)
            }
            _ => Err(Error::LoginNeeded(reason)),
        }
    }

    /// Writes a new token. When that fails the token still serves this process: its predecessor is spent. When somebody
    /// else has written a newer one, that is taken.
    async fn keep_new(&self, token: StoredToken) -> StoredToken {
        let token = match self.tokens.save(&self.key, &token).await {
            Ok(()) => token,
            Err(StoreError::Superseded { .. }) => match self.stored().await {
                Ok(Some(newer)) => newer,
                _ => token,
            },
            Err(error) => {
                tracing::error!(%error, "the renewed token could not be saved and is lost when this program ends");
                token
            }
        };
        self.adopt(&token);
        token
    }

    /// A new token, and what was known of its predecessor no longer counts.
    pub(crate) fn adopt(&self, token: &StoredToken) {
        let mut state = self.state();
        let proofs = state.proofs.take();
        *state = State {
            current: Some(Current::new(token.clone())),
            proofs,
            skew: state.skew,
            asked: state.asked.take(),
            ..State::default()
        };
    }

    /// Whether a token will do, by what is known of it.
    pub(crate) fn does(
        &self,
        state: &State,
        token: &StoredToken,
        now: Timestamp,
        least: Duration,
    ) -> bool {
        if state.rejected.as_ref() == Some(&token.access_token) {
            return false;
        }
        let held_off = token
            .failed
            .as_ref()
            .is_some_and(|failed| failed.holds(now));
        let unrenewable = token.refresh_token.is_none() && self.credential.needs_person();
        is_fresh(token, now, least) || (token.is_alive(now) && (held_off || unrenewable))
    }
}

/// The failure of the renewal that somebody else tried since `began`, while we waited for the lock.
fn shared(old: Option<&StoredToken>, began: Timestamp) -> Option<Error> {
    old?.failed.as_ref()?.shared(began)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gatepass_proto::{Secret, Timestamp};

    use super::is_fresh;
    use crate::tokens::StoredToken;

    fn token(expires_in: Option<u64>) -> StoredToken {
        let asked = Timestamp::from_secs(1000);
        let mut token = StoredToken::new(Secret::new("a"), asked, String::new());
        token.expires_at = expires_in.map(|seconds| asked + Duration::from_secs(seconds));
        token
    }

    fn fresh(expires_in: u64, after: u64, least: u64) -> bool {
        is_fresh(
            &token(Some(expires_in)),
            Timestamp::from_secs(1000 + after),
            Duration::from_secs(least),
        )
    }

    #[test]
    fn the_window_scales_with_the_lifetime() {
        assert!(
            fresh(3600, 3540, 0) && !fresh(3600, 3541, 0),
            "at most a minute"
        );
        assert!(fresh(100, 90, 0) && !fresh(100, 91, 0), "a tenth");
        assert!(!fresh(10, 10, 0));
        assert!(!fresh(0, 0, 0));
        assert!(
            is_fresh(
                &token(None),
                Timestamp::from_secs(9_999_999),
                Duration::from_secs(9)
            ),
            "good until a 401"
        );
    }

    #[test]
    fn more_can_be_asked_for_but_not_more_than_there_is() {
        assert!(fresh(3600, 600, 3000) && !fresh(3600, 601, 3000));
        assert!(fresh(60, 6, 3600) && !fresh(60, 7, 3600));
    }
}
